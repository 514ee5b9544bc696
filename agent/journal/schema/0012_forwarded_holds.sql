-- The money of payments that were stored offline may be held, too, once forwarded.
CREATE TRIGGER forwarded_hold_begins AFTER INSERT ON entries
WHEN NEW.kind = 'hold_began'
BEGIN
    INSERT INTO holds (confirmed_seq, payment_id)
    VALUES (NEW.seq, NEW.payment_id);
END;

-- Registers may ask by the id that Stripe gave to what was made here.
CREATE INDEX forwarded_by_intent
    ON offline_entries (json_extract(body, '$.payment_intent'), seq)
    WHERE kind = 'forwarded';
