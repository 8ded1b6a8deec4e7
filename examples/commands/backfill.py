#!/usr/bin/env python3
"""Fills in a table of totals for a table of orders, window by window of ids, while others use the database.

Run as:  evenly sum 1..=LAST_ID --chunk 1000 --max-rate 20/s -- ./backfill.py shop.db {start} {end}
The answer is how many rows were filled in. A window whose worker is lost is done again. So each window is one
transaction with an upsert: a second time changes nothing.
"""
import sqlite3
import sys

path, start, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# Wait for other writers, for 60 s at most.
database = sqlite3.connect(path, timeout=60, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
filled = database.execute(
    """
    INSERT INTO totals (order_id, cents)
    SELECT id, price_cents * quantity FROM orders WHERE id >= ? AND id < ?
    ON CONFLICT (order_id) DO UPDATE SET cents = excluded.cents
    """,
    (start, end),
).rowcount
database.execute("COMMIT")
print(filled)
