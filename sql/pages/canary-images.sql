-- What is kept of the answers of some versions to the prompts of a canary, and to the same prompts in audits.
select image_id, system_version, prompt, seed, outcome, width, height, sha256, path
from image_facts
where list_contains($versions::varchar[], system_version) and list_contains($prompts::varchar[], prompt);
