"""Steps in, alerts and summaries out. Pure: no clock, no files, no network."""
