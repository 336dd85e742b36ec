"""A coach's and a runner's page in the browser, read from the broker like any other client (extra `dashboard`)."""
