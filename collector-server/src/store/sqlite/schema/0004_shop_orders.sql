-- What webhook sources told: the transaction id and the visitor of an order by the shop system's own reference. A refund may name its order by
-- nothing else, weeks later.
CREATE TABLE shop_orders(source TEXT NOT NULL, reference TEXT NOT NULL, transaction_id TEXT NOT NULL,
  anonymous_id TEXT, evidence TEXT, received_at INTEGER NOT NULL, PRIMARY KEY(source, reference)) WITHOUT ROWID;
CREATE INDEX shop_orders_age ON shop_orders(received_at);
