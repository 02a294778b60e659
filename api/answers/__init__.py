"""The forms in which rows leave: JSON, CSV, Parquet, pages, and their OpenAPI document."""
