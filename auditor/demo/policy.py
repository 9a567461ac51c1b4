"""The demo chain's policy: an example for one's own."""

from auditor.demo.catalogue import ALCOHOL_FREE_SKUS, ALCOHOL_SKUS, CHAIN, STORES, ZONE

#: How the policy of an earlier demo is known again.
FIRST_LINE = "# The policy of a demo chain, written by: auditor demo"

_TEMPLATE = """\
{first_line}
#
# Copy it, put your own names in, and pass it to `auditor run --policy`. What is left out keeps its
# default; an unknown key is an error. The keys and their defaults are in the README.

[chain]
name = "{chain}"

# Every store that has to send its export. One that does not is reported as missing.
[stores]
{stores}

# What holds from a day on. A later entry changes only the keys that it names.
[[policy]]
effective_from = 2025-09-01

legal_age = 18      # from this age on alcohol may be bought
challenge_age = 25  # whoever looks younger is to be asked for ID
# Where the age depends on the drink: legal_age_by_category = {{ beer = 16, spirits = 18 }}

# Which of the till's records count as a check. Not among them: "looks_over" (the cashier judged by
# eye), "dob_on_file" and "prompt_suppressed".
counting_checks = ["id_scanned", "dob_entered", "id_viewed"]

# Alcohol is what is in these categories, and what is sold under these article numbers ...
alcohol_categories = ["beer", "cider", "wine", "spirits"]
alcohol_skus = [{alcohol}]  # cooking brandy, in the category "baking"
# ... but for what is in such a category and has no alcohol in it.
alcohol_free_skus = [{alcohol_free}]
# ... which can also be said by category and by name: alcohol_free_categories = ["soft drinks"],
# alcohol_free_names = ["*alcohol free*"]. A name that matches by mistake hides a sale.

# A check counts for all that a transaction has, if it was made so many minutes before it began at
# the earliest, and so many after it ended at the latest.
check_before_minutes = 15
check_after_minutes = 5

# A frame that names no transaction belongs to the sale nearest in time at its till, if that is no
# further away than this.
match_tolerance_seconds = 30

# Frames are JPEG, PNG, WebP or BMP. Cameras that write others have them named, here or not at all:
# extra_frame_formats = ["heic", "avif", "tiff"]

# Local times without an offset are read in this zone; days begin and end in it.
time_zone = "{zone}"
currency = "GBP"

# Face crops are deleted so many days after the sale; numbers, hashes and decisions stay.
retention_days = 31

# Above these the run still finishes and reports, but exits with code 3 for somebody to look at.
max_rejected_share = 0.02      # rows rejected, of the rows read
max_inconclusive_share = 0.15  # sales without an age, of the alcohol sales
max_missing_stores = 0         # stores without an export

# What do buyers of each age group buy? Off unless it is enabled here. Frames that were taken for
# the audit may serve this purpose only on a basis of its own: say which, and from which day on.
[insights]
enabled = true
lawful_basis = "demo: the people in the pictures do not exist"
effective_from = 2026-01-01
baskets = "all"                    # or "alcohol": only those that the audit scores anyway
age_groups = [18, 25, 35, 50, 65]  # under 18, 18-24, 25-34, 35-49, 50-64, 65+
confusion = "confusion.json"       # how the model confuses ages on this chain's own pictures
min_cell = 10                      # a count of fewer baskets is not shown
keep_days = 400                    # baskets are deleted so many days after the sale
out_of_range_skus = ["201001"]     # suggested to nobody: the newspaper is going

# From the 28th on the shop at the station asks everybody who looks under 30.
[[policy]]
effective_from = 2026-03-28

[[policy.override]]
stores = ["S004"]
challenge_age = 30
"""


def policy_toml() -> bytes:
    """The policy as the bytes of a TOML file."""
    return _TEMPLATE.format(
        first_line=FIRST_LINE,
        chain=CHAIN,
        stores="\n".join(f'{s.store_id} = {{ name = "{s.name}" }}' for s in STORES),
        alcohol=", ".join(f'"{sku}"' for sku in ALCOHOL_SKUS),
        alcohol_free=", ".join(f'"{sku}"' for sku in ALCOHOL_FREE_SKUS),
        zone=ZONE,
    ).encode()
