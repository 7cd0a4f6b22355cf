"""The page that `monalive ui` shows: a small server on this machine; all computing is done in the browser."""
