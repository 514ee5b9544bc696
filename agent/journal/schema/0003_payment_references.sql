-- Registers ask for payments by what they know themselves.
CREATE INDEX requests_by_payment_intent
    ON entries (json_extract(body, '$.payment_intent'), seq)
    WHERE kind = 'action_requested';
CREATE INDEX requests_by_reference
    ON entries (json_extract(body, '$.reference_digest'), seq)
    WHERE kind = 'action_requested';
