-- What webhook sources told: the transaction id and the visitor of an order by the shop system's own reference. A refund may name its order by
-- nothing else, weeks later.
-- `visitor` holds, sealed with key `key`, the anonymous id and the evidence of consent; NULL where the order named nobody.
CREATE TABLE shop_orders(source TEXT NOT NULL, reference TEXT NOT NULL, transaction_id TEXT NOT NULL,
  key INTEGER, visitor BLOB, received_at INTEGER NOT NULL, PRIMARY KEY(source, reference)) WITHOUT ROWID;
CREATE INDEX shop_orders_age ON shop_orders(received_at);
CREATE INDEX shop_orders_key ON shop_orders(key) WHERE key IS NOT NULL;
