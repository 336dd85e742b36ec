"""What a runner keeps: sessions, shoes, notes; from them the runner's own usual is computed afresh each time.

One SQLite file a runner, in the user's data folder, to be copied or deleted. Nothing that is derived is stored, so
deleting a session is as if it had never been run.
"""
