"""From the table of contents to executed notebooks to HTML."""

import sys

# jsonschema, which checks notebooks, looks for a checker of international addresses that takes
# three seconds to import. No notebook has one; jsonschema does without where it is missing.
sys.modules.setdefault("rfc3987_syntax", None)
