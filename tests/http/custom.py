# SPDX-License-Identifier: MIT
"""Users with fields of their own, one of each kind, and numbers for ids."""

FIELDS = {
    "first_name": {"type": "text", "required": "true", "min": 2, "max": 30},
    "age": {"type": "integer", "min": 0, "max": 150},
    "height": {"type": "number", "min": "0.5", "max": 3},
    "newsletter": {"type": "boolean", "initial": "false"},
    "born": {"type": "date"},
    "seen": {"type": "datetime"},
    "device": {"type": "uuid"},
    "color": {"type": "choice", "choices": '{"red", "green", "blue"}',
              "initial": "red"},
    "credit": {"type": "integer", "write": "admin", "initial": 0},
    "note": {"type": "text", "write": "admin", "read": "admin", "max": 100},
    "origin": {"type": "text", "write": "none"},
}
CUSTOM = ("users.id=integer",
          *(f"field.{name}.{setting}={value}"
            for name, settings in FIELDS.items()
            for setting, value in settings.items()))
