"""What has happened on the exchange, as files for researchers: from the tables of the history, or from a journal."""
