#!/bin/sh
# Makes or updates both databases of the Temporal server; harmless when they are up to date.
set -eu

for pair in temporal:temporal temporal_visibility:visibility; do
  tool="temporal-sql-tool --plugin $DB --endpoint $POSTGRES_SEEDS --port $DB_PORT --user $POSTGRES_USER --database ${pair%%:*}"
  $tool create-database
  $tool setup-schema --version 0.0 || echo "the schema of ${pair%%:*} is there already"
  $tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/${pair##*:}/versioned"
done
