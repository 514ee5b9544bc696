-- Money that is held: to be captured before its authorization ends.
CREATE TABLE holds (
    confirmed_seq INTEGER PRIMARY KEY,
    payment_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER hold_begins AFTER INSERT ON entries
WHEN NEW.kind = 'confirmed'
    AND json_extract(NEW.body, '$.status') = 'requires_capture'
BEGIN
    INSERT INTO holds (confirmed_seq, payment_id)
    VALUES (NEW.seq, NEW.payment_id);
END;

CREATE TRIGGER hold_ends AFTER INSERT ON entries
WHEN NEW.kind IN ('reversed', 'hold_ended')
BEGIN
    DELETE FROM holds WHERE payment_id = NEW.payment_id;
END;

-- Of those from before this table: no hold of a present card lasts longer.
INSERT INTO holds (confirmed_seq, payment_id)
SELECT seq, payment_id FROM entries AS confirmed
WHERE kind = 'confirmed'
    AND json_extract(body, '$.status') = 'requires_capture'
    AND julianday(at) > (SELECT julianday(max(at)) - 31 FROM entries)
    AND NOT EXISTS (
        SELECT 1 FROM entries
        WHERE payment_id = confirmed.payment_id AND kind = 'reversed'
    );
