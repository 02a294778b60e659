"""The tables: migrations, named statements, and one module a table family."""
