-- Whether a copy came after its event had been sent to some destination: it is kept and told, and sends nothing.
ALTER TABLE copies ADD COLUMN is_late INTEGER NOT NULL DEFAULT 0;
