"""What a runner keeps: sessions, baselines, shoes, notes (SQLite)."""
