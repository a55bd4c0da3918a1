"""What the hub answers over HTTP: the admin API, who may use it, and what it and the console show.

May import everything below it. Start with `console_data` (what there is to see), then `admin` and `security`.
"""
