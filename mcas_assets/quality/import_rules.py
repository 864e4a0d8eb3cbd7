"""The rules of the table `import_account`. `rules` makes their suite."""

from typing import Any

from mcas_assets.images.match_given import MATCHES
from mcas_assets.quality.expectations import Build, among, between, equal, exact_rows, matching, present, unique

KEY = ("set_prompt", "match", "prompt_id", "role", "axis", "pole", "concept", "detail")


def _is_no_match(column: Any) -> Any:
    return column("n_images").is_null()


IMPORT_ACCOUNT: dict[str, Build] = {
    "no row but those of the account": exact_rows(),
    "each prompt of the set once a use": unique(*KEY),
    "every use of a prompt matched or is lacking": among("match_or_missing", MATCHES),
    "a match names its prompt": matching("prompt_id_or_missing", r"^[0-9a-f]{16}$"),
    "every record that counts is an image row": equal("n_images", "n_use"),
    "every record has an outcome": equal("n_outcomes", "n_records"),
    "what is lacking has no record": between("n_lacking", 0, 0),
    "without a match there is a detail": present("detail", where=_is_no_match),
}

HINTS: dict[str, Build] = {"the set has every prompt of the audit": among("is_lacking", (False,))}
