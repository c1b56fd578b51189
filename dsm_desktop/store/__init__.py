"""The database: models, units of work, queue, change feed, migrations."""
