"""Topics, payloads, the outbox and the client: what dashboards see."""
