-- The schema of the store: facts, registers, the ledger and the versioned tables.
--
-- Every table named <t>_history is a versioned table. That name is all it takes: the view <t> (also <t>_latest: the
-- newest version of each asset, partition and audit) and the macro <t>_as_of(at_version) are made from the catalogue.
-- Columns, types and NOT NULL are said here and nowhere else: frames take them from here. New tables, new columns and columns
-- that may be null by now reach older stores by themselves; anything else (a renamed or dropped column, another type or key) needs a
-- migration in mcas_assets/store/schema.py, and a higher SCHEMA_VERSION there.

create table if not exists store_schema (
    version     integer not null,
    created_at  timestamptz not null default now(),
    changed_at  timestamptz not null default now(),
    digest      varchar                   -- sha256 of the text of this file that the store was made or brought up to date by
);

-- Facts: written once under the digest of their inputs ---------------------------------------------------------------

create table if not exists image_facts (
    image_id       varchar primary key,   -- sha256 of system version, prompt, seed, width and height; imported: of version, record
    system_version varchar not null,
    prompt         varchar not null,      -- what the system was asked; imported: the set's own prompt
    seed           bigint,                -- null where an imported set does not tell it
    width          integer,               -- pixels, as requested; imported: of the image, null where there is none
    height         integer,
    outcome        varchar not null,      -- one of mcas_assets.core.outcomes.OUTCOMES
    reason         varchar,               -- why there is no image, null where there is one
    sha256         varchar,               -- of the file's bytes, null unless there is a file
    path           varchar,               -- relative to MCAS_HOME; images/... lies in a bucket where the home has its images there
    bytes          bigint,
    batch_id       varchar,
    batch_size     integer,
    position       integer,
    device         varchar,
    dtype          varchar,
    environment    json,
    provider       json,                  -- what a hosted system answered: request id, reported model, usage
    latency_ms     double,
    attempt        integer,
    run_id         varchar,
    created_at     timestamptz not null default now(),
    record         varchar                -- of an imported image: which record of its set; null for a generated one
);

-- Every request that was sent to a provider, failed ones too: what budgets are counted from. Rows are only ever added.
create table if not exists attempt_facts (
    image_id        varchar not null,
    system_version  varchar not null,
    run_id          varchar,
    attempt         integer not null,     -- of this image in this run, from 1
    outcome         varchar not null,     -- of this attempt
    http_status     integer,
    provider_code   varchar,
    request_id      varchar,
    model_requested varchar,
    model_reported  varchar,              -- the version that the provider says it used
    latency_ms      double,
    waited_s        double,               -- seconds before the next attempt
    cost_usd        double not null,      -- estimated from the declared prices
    created_at      timestamptz not null default now()
);

-- What each image file held when it was last read. One whose bytes and stamp are still these is not read again.
create table if not exists file_facts (
    path    varchar primary key,          -- as of image_facts
    bytes   bigint not null,
    stamp   varchar not null,             -- when the file was written, in nanoseconds; of an object, its e-tag
    sha256  varchar not null,             -- of its bytes as they were read
    decoder varchar not null,             -- what pictures were read by
    shows   varchar,                      -- sha256 of its pixels, null where it is no picture
    width   integer,                      -- pixels, null where it is no picture
    height  integer
);

create table if not exists embedders (
    embedder   varchar primary key,
    name       varchar not null,
    dim        integer not null,          -- its vectors are rows of embedding_facts_<dim>, made when it is registered
    identity   json not null,
    first_seen timestamptz not null default now()
);

create table if not exists systems (
    system_version varchar primary key,
    system         varchar not null,
    identity       json not null,
    first_seen     timestamptz not null default now(),
    last_audited   timestamptz,
    source         json                   -- how it is had: commit of a watched branch, what was observed; see mcas_assets.watch.look
);

-- How each declared system was found when it was looked at: one row for as long as nothing changed but the time.
create sequence if not exists system_state_number;

create table if not exists system_states (
    number           bigint primary key,  -- the newest row of a system has the largest; clocks may jump
    system           varchar not null,
    state            varchar not null,    -- one of mcas_assets.store.states.StateName
    detail           varchar not null,    -- in words, of the last look
    system_version   varchar,             -- what it was when last available, null if it never was
    revision         varchar,             -- commit of a watched hub repository
    reported_version varchar,             -- as its provider calls it
    shutdown_date    date,                -- as its provider announced
    since            timestamptz not null,
    last_looked      timestamptz not null,
    last_seen        timestamptz          -- when it was last available, null if it never was
);

create table if not exists tone_facts (
    reader     varchar not null,          -- ToneReader.id: its code and the libraries it reads with
    sha256     varchar not null,          -- of the image file
    tone       integer not null check (tone between 0 and 10),  -- Monk tone 1 (lightest) to 10, 0 where none can be read
    created_at timestamptz not null default now(),
    primary key (reader, sha256)
);

-- Labellers that look at images (classifiers, judges), and their answers as facts: each image is looked at once.
create table if not exists labellers (
    labeller   varchar primary key,       -- name@ and 12 hex digits of identity: weights, prompt, version, what is asked on the axis
    name       varchar not null,          -- in data/labellers.yaml; column labels of the tables below
    axis       varchar not null,
    identity   json not null,
    first_seen timestamptz not null default now()
);

create table if not exists label_facts (
    labeller   varchar not null,
    sha256     varchar not null,          -- of the image file
    label      varchar not null,          -- a group of the axis, or why the image counts for none: no person, unspecified, ambiguous ...
    evidence   varchar,                   -- what a judge says that it saw, in its words
    raw        json not null,             -- all that was answered: probabilities, boxes, the judge's text
    created_at timestamptz not null default now(),
    primary key (labeller, sha256)
);

-- Provenance marks as facts: what C2PA says of an image file as it came (extra provenance). Whether a signer is on a list that
-- somebody trusts is not told: valid says that the mark fits the image and the certificate that is in it.
create table if not exists mark_facts (
    reader      varchar not null,         -- MarkReader.id: its code and the library it reads with
    sha256      varchar not null,         -- of the image file
    has_mark    boolean not null,
    is_valid    boolean,                  -- of a mark: signature and content agree; null where there is none
    issuer      varchar,                  -- organisation that the signing certificate names
    source_type varchar,                  -- digitalSourceType of how the image came to be, an IRI of IPTC or C2PA
    generator   varchar,                  -- what made the mark, as it says
    reason      varchar,                  -- why a mark is not valid
    created_at  timestamptz not null default now(),
    primary key (reader, sha256)
);

-- What people see. Which images they were asked about: drawn without a look at any label, so that votes hold for every labeller.
create table if not exists review_draws (
    draw           varchar not null,      -- 12 hex digits of the audit, the system version and the seed
    audit          varchar not null,
    system_version varchar not null,
    seed           bigint not null,
    scheme         varchar not null,      -- in words, with how many images of each concept were asked for
    concept        varchar not null,      -- within which the image was drawn; neutral prompts too
    n_concept      bigint not null,       -- images of the concept that were delivered by then
    place          bigint not null,       -- in the order that the seed gives the images of the concept, from 1
    image_id       varchar not null,
    sha256         varchar not null,
    path           varchar not null,
    drawn_at       timestamptz not null default now(),
    primary key (draw, image_id)
);

-- Every answer of every person. Rows are only ever added: a later row of one rater and image takes the place of an earlier one in
-- what is counted, and both are kept.
create sequence if not exists review_vote_number;

create table if not exists review_votes (
    number          bigint primary key,   -- the later of two has the larger; clocks may jump
    draw            varchar not null,
    axis            varchar not null,
    image_id        varchar not null,
    rater           varchar not null,
    answer          varchar,              -- a group of the axis, or 'no group': cannot tell, or none of them; null: taken back
    is_adjudication boolean not null,     -- given where raters differed, to settle it; no vote of a rater
    source          varchar not null,     -- page, or the name of the file that it came in by
    voted_at        timestamptz not null, -- as the page, or the file, says
    kept_at         timestamptz not null default now()
);

-- The ledger ---------------------------------------------------------------------------------------------------------

create sequence if not exists materialisation_version;

create table if not exists materialisations (
    version        bigint primary key,
    asset          varchar not null,
    partition      varchar not null,
    audit          varchar not null,
    tables         varchar[] not null,    -- the versioned tables that this materialisation wrote, empty ones too
    run_id         varchar not null,
    code_version   varchar not null,
    data_version   varchar not null,
    input_versions json not null,         -- of each asset read: its version
    packages       json not null,
    git_commit     varchar,
    git_dirty      boolean,
    n_rows         bigint not null,
    created_at     timestamptz not null default now(),
    declarations   varchar[]              -- digests of the audit, and of the policy that judged, as they were; see declarations
);

-- What was declared when, held against the images that there were: each audit and policy as it stood before images of a version
-- were drawn, and again whenever it had changed. The view standings says of each version of the ledger whether what it was
-- made by was on record before the first image; scores and policy_results have that as standing and standing_reason.
create sequence if not exists declaration_number;

create table if not exists declarations (
    number         bigint primary key,    -- the later of two has the larger; clocks may jump
    system_version varchar not null,
    kind           varchar not null,      -- audit or policy
    name           varchar not null,
    digest         varchar not null,      -- sha256 of the canonical JSON of document, 64 hex digits
    document       json not null,
    n_images       bigint not null,       -- images of the version that had been drawn or asked for in this home by then
    is_given       boolean not null,      -- the images were made elsewhere, at a time not known here
    noted_at       timestamptz not null default now()
);

create table if not exists quality_results (
    run_id      varchar not null,
    version     bigint,                   -- the materialisation that was checked
    asset       varchar not null,
    partition   varchar not null,
    audit       varchar not null,
    table_name  varchar,                  -- the table of the asset that the rule is of; null if of no single one (a policy's)
    rule        varchar not null,
    expectation varchar,
    success     boolean not null,
    status      varchar not null,         -- pass, fail, or error: the rule itself could not be evaluated
    severity    varchar not null,         -- critical or warning
    checked     bigint,
    unexpected  bigint,
    observed    json,
    sample      json,
    created_at  timestamptz not null default now()
);

-- Versioned tables ---------------------------------------------------------------------------------------------------

create table if not exists plan_history (
    version   bigint not null,
    audit     varchar not null,
    prompt_id varchar not null,
    prompt    varchar not null,
    role      varchar not null,           -- attribute, concept or neutral
    axis      varchar,                    -- null unless role is attribute
    pole      varchar,                    -- a or b
    category  varchar,
    concept   varchar,                    -- null where role is attribute
    replicate integer not null,
    seed      bigint not null,
    batch_id  varchar not null,
    position  integer not null
);

create table if not exists texts_history (
    version  bigint not null,
    audit    varchar not null,
    text_id  varchar not null,
    text     varchar not null,            -- with the profile's prefix: what is embedded
    raw      varchar not null,            -- as it is declared: for prompts, what the system is asked
    kind     varchar not null,            -- word, group or prompt
    axis     varchar,
    pole     varchar,
    category varchar,
    concept  varchar,
    language varchar                      -- of the prompt, as BCP 47 tags it; null where the audit does not tell
);

create table if not exists images_history (
    version        bigint not null,
    audit          varchar not null,
    image_id       varchar not null,
    system_version varchar not null,
    prompt_id      varchar not null,
    prompt         varchar not null,
    role           varchar not null,
    axis           varchar,
    pole           varchar,
    category       varchar,
    concept        varchar,
    replicate      integer not null,
    seed           bigint,                -- null where an imported set does not tell it
    outcome        varchar not null,
    width          integer,
    height         integer,
    sha256         varchar,
    path           varchar,
    safety         varchar                -- the system's own checker: clean, flagged or not_checked; null where it does not say
);

-- Which vectors a version used; the vectors themselves are facts.
create table if not exists embeddings_history (
    version        bigint not null,
    audit          varchar not null,
    system_version varchar not null,
    embedder       varchar not null,
    kind           varchar not null,      -- image or text
    content        varchar not null,      -- the image's sha256 or the text's id
    dim            integer,
    norm           double
);

create table if not exists scores_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    category       varchar,
    concept        varchar not null,
    prompt         varchar,
    n_images       bigint not null,
    iias           double,                -- components: differences of mean cosines, -2 to 2, positive towards pole a
    itpas          double,
    itaas          double,
    ttas           double,
    mcas           double,                -- their sum, -8 to 8
    mcas_low       double,                -- ends of its interval, at the level that the audit declares
    mcas_high      double,
    p_value        double,                -- of the hypothesis that mcas is 0 among images of other seeds, 0 to 1
    q_value        double,                -- after Benjamini-Hochberg over the concepts of this axis and embedder
    baseline       double,                -- the model's default: mcas of the neutral prompts as their images fall
    adjusted       double,                -- mcas - baseline
    adjusted_low   double,
    adjusted_high  double,
    stable         boolean,               -- the intervals of adjusted of all embedders lie on one side of 0; null with a panel of
                                          --   one, or where an embedder has no such interval
    differing      double,                -- iias + itpas + itaas: the part that can differ between systems
    reason         varchar,               -- why a score is null
    sign_agreement double,                -- share of the panel whose adjusted is on the side of its majority, 0 to 1
    adjusted_p_value double,              -- of the hypothesis that adjusted is 0, 0 to 1
    adjusted_q_value double,              -- after Benjamini-Hochberg over the concepts of this axis and embedder
    is_flagged     boolean,               -- adjusted is not 0, all concepts of this axis and embedder taken together (Bonferroni:
                                          --   at level .95 one false flag in 20 audits); null where that cannot be told
    parity         double,                -- the instrument's zero: mcas of the neutral prompts with both groups at one half
    parity_adjusted double,               -- mcas - parity
    parity_low     double,
    parity_high    double,
    parity_p_value double,                -- of the hypothesis that parity_adjusted is 0, 0 to 1
    parity_q_value double,
    poles_p_value  double,                -- from permuting attribute labels, images of the concept held fixed: are the poles told
                                          --   apart on this concept? No test of the score
    gap            double,                -- by how much mcas moves when the share of pole a's group goes from 0 to 1
    share_equivalent double,              -- adjusted / gap: the score as a difference in shares, about -1 to 1
    interval_method varchar,              -- mover (labelled shares) or bootstrap; null in homes from before there was a choice
    interval_note  varchar,               -- what must be known beside the interval, such as why it is a bootstrap
    estimand       varchar,               -- what the intervals speak of: these prompts, or a population of prompts
    lean_rank      bigint,                -- among the concepts of this axis and embedder: 1 leans most to pole a, equal scores share
                                          --   one; of mcas and of adjusted alike. Null for neutral prompts, and in older homes
    lean_rank_low  bigint,                -- ends of its simultaneous set at the audit's level: high - low other concepts
    lean_rank_high bigint                 --   cannot be told apart from this one
);

create table if not exists components_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    category       varchar,
    concept        varchar not null,
    component      varchar not null,      -- iias, itpas, itaas or ttas
    value          double,
    low            double,
    high           double,
    effect_size    double,
    p_value        double,                -- of the hypothesis that the component is 0 among images of other seeds, 0 to 1
    reason         varchar,
    poles_p_value  double,                -- from permuting attribute labels: are the poles told apart? No test of the component
    interval_method varchar               -- mover or bootstrap; null where there is no interval
);

-- The mean score of the concepts of an axis by an embedder, over the images' seeds with these prompts.
create table if not exists mean_scores_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    n_concepts     bigint not null,
    n_images       bigint,                -- of the concepts
    n_effective    double,                -- so many images that share no seed would give the mean as surely, above 0
    mean_mcas      double,                -- -8 to 8
    mean_low       double,
    mean_high      double,
    mean_adjusted  double,                -- less the model's default
    adjusted_low   double,
    adjusted_high  double,
    estimand       varchar not null,      -- what the intervals speak of: these prompts
    reason         varchar                -- why a number is null
);

-- What the variance of the scores of an axis by an embedder comes from: one row a source, of the score of one concept.
create table if not exists score_variances_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    source         varchar not null,      -- concept (what is to be told apart), wording, seed, wording and seed, attribute wording,
                                          --   attribute image, attribute word, embedder, or guidance, which no audit varies
    variance       double,                -- of mcas over single conditions, such as wordings, of 0 or more
    variance_low   double,                -- its interval at the audit's level, which may be wide: few conditions tell little
    variance_high  double,
    n              double,                -- conditions that the audit averages over, the mean over concepts or poles
    error          double,                -- the part of the squared standard error of a score: variance / n; null for concept
    freedom        double,                -- degrees of freedom of variance: of few it is hardly known
    common         double,                -- the part of variance that moves all concepts alike; null where it is not told
    reason         varchar                -- why variance is null
);

-- The score and the share of every concept under every combination of choices that can be made anew from what is stored.
create table if not exists multiverse_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    category       varchar,
    concept        varchar not null,
    measure        varchar not null,      -- score: mcas less the baseline; share: of pole a's group, as labelled, less the baseline
    wording        varchar not null,      -- a template alone, or all
    words          varchar,               -- attribute words: all, first half or second half; null of shares
    attribute_prompts varchar,            -- prompts of the attribute images, likewise
    threshold      double,                -- of shares: confidence below which an image is counted for no group
    baseline       varchar not null,      -- what is taken off: the model's default, one neutral prompt, parity (one half), or none
    is_declared    boolean not null,      -- the universe that the audit declares, by its first embedder
    value          double,                -- positive = towards pole a
    rank           bigint,                -- among the concepts of its universe: 1 leans most to pole a
    reason         varchar                -- why value is null
);

-- How the systems that were audited alike rank on an axis, as known when this version was: the newest version holds all.
create table if not exists system_ranks_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,      -- whose audit the ranking was made after
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    ranked         varchar not null,      -- the system version that is ranked
    mean_adjusted  double,                -- of mean_scores, less the model's default
    rank           bigint,                -- 1 leans most to pole a; equal means share one
    rank_low       bigint,                -- ends of its simultaneous set at the audit's level: high - low other versions
    rank_high      bigint,                --   cannot be told apart from this one
    n_ranked       bigint not null,       -- versions that have a mean
    reason         varchar                -- why there is no rank
);

-- How far the embedders of a panel agree over the concepts of an axis.
create table if not exists panel_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    n_embedders    bigint not null,
    n_concepts     bigint not null,       -- that every embedder scored
    n_stable       bigint,                -- of those, where all embedders surely lean to one pole; null with a panel of one, and
                                          --   where no concept has an interval of adjusted
    rank_agreement double,                -- Kendall's W, 0 to 1
    lowest_correlation double,            -- the smallest Spearman correlation of two embedders, -1 to 1
    reason         varchar                -- why rank_agreement is null
);

-- Who is shown: one row for each axis, labeller, concept and declared group.
create table if not exists representation_history (
    version          bigint not null,
    system           varchar not null,
    system_version   varchar not null,
    audit            varchar not null,
    axis             varchar not null,
    labels           varchar not null,    -- the labeller, by its name in data/labellers.yaml: zero-shot, pixels ...
    embedder         varchar,             -- that a zero-shot labeller tells by; null for others
    category         varchar,
    concept          varchar not null,
    group_name       varchar not null,
    n_prompts        bigint not null,     -- wordings of the concept; intervals hold for these
    n_requested      bigint not null,     -- images that the system answered for; n_counted + n_abstained + n_missing
    n_missing        bigint not null,     -- not delivered: refused, failed ...
    n_abstained      bigint not null,     -- delivered, but counted for no group
    n_counted        bigint not null,     -- counted for some group
    n_group          bigint not null,     -- counted for this group
    n_known          bigint not null,     -- attribute images of this group that the correction rests on
    outcomes         json not null,       -- what came of the n_requested images, in words
    share            double,              -- n_group / n_counted
    share_low        double,              -- Wilson interval
    share_high       double,
    share_worst      double,              -- share of all requested images if none, or all, of those not counted
    share_best       double,              --   were of this group
    corrected_share  double,              -- of the images that show a declared group, 0 to 1: label error and uneven abstention
                                          --   are corrected, and included in the interval
    corrected_low    double,
    corrected_high   double,
    corrected_note   varchar,             -- what corrected_low and _high do not hold, and what tells it; null where there is none
    reason           varchar,             -- why share is null
    corrected_reason varchar              -- why corrected_share is null
);

-- How labels err, by the attribute images, whose prompt says the group: one row for each axis, labeller, group and answer. What it cannot
-- see: prompts that are not obeyed, and concepts whose images are harder to read than these.
create table if not exists confusion_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    labels         varchar not null,      -- the labeller, by its name in data/labellers.yaml: zero-shot, pixels ...
    embedder       varchar,               -- that a zero-shot labeller tells by; null for others
    group_name     varchar not null,      -- the group that the prompt asked for
    answer         varchar not null,      -- a group of the axis, or 'no group': whatever counts for none
    n_images       bigint not null,       -- attribute images with this answer
    n_known        bigint not null,       -- attribute images of this group
    rate           double,                -- n_images / n_known, 0 to 1
    reason         varchar                -- why rate is null
);

-- What each labeller says of each delivered image, by axis: what the shares above count. Perceived groups, nobody's identity.
create table if not exists image_labels_history (
    version        bigint not null,
    audit          varchar not null,
    system_version varchar not null,
    axis           varchar not null,
    labels         varchar not null,      -- the labeller, as of representation
    embedder       varchar,               -- that a zero-shot labeller tells by; null for others
    sha256         varchar not null,      -- of the image
    label          varchar not null       -- the group, or why it counts for none: ambiguous, outside, unreadable, no person ...
);

-- Who is shown on two axes at once, such as women who are dark-skinned: one row for each pair of groups of a concept, and of all
-- concepts together. Labels are as given, without correction for their errors.
create table if not exists intersections_history (
    version           bigint not null,
    system            varchar not null,
    system_version    varchar not null,
    audit             varchar not null,
    axis_1            varchar not null,
    labels_1          varchar not null,   -- by which labeller the group on this axis is told
    axis_2            varchar not null,
    labels_2          varchar not null,
    embedder          varchar,            -- that a zero-shot labeller tells by; null where neither is one
    scope             varchar not null,   -- concept (or neutral prompt), or all concepts
    category          varchar,
    concept           varchar,            -- null for all concepts
    group_1           varchar not null,
    group_2           varchar not null,
    n_counted         bigint not null,    -- images that count for a group on both axes
    n_cell            bigint not null,    -- of those, the ones of this pair of groups
    n_effective       double not null,    -- images that share no seed and would give the share as surely, at most n_counted
    share             double,             -- n_cell / n_counted; null where n_cell is below 5
    share_low         double,             -- Wilson interval at n_effective
    share_high        double,             -- given of small cells too: their share is at most this
    independent_share double,             -- what share would be if the groups of the two axes had nothing to do with one another
    impact_ratio      double,             -- share / that of the most shown pair, 0 to 1; null also below 2 % of n_counted
    ratio_low         double,             -- of the log ratio; null for the most shown pair itself
    ratio_high        double,
    reason            varchar,            -- why share is null
    ratio_reason      varchar             -- why impact_ratio is null
);

-- Shares against reference populations: one row for each of the above and population.
create table if not exists amplification_history (
    version               bigint not null,
    system                varchar not null,
    system_version        varchar not null,
    audit                 varchar not null,
    axis                  varchar not null,
    labels                varchar not null,
    embedder              varchar,
    category              varchar,
    concept               varchar not null,
    group_name            varchar not null,
    population            varchar not null,
    year                  bigint,         -- of the population, with its place and source
    locale                varchar,
    source                varchar,
    share                 double,         -- corrected where is_corrected, else as labelled
    share_low             double,
    share_high            double,
    is_corrected          boolean not null,
    reference             double,         -- share in the population
    difference            double,         -- share - reference, -1 to 1
    difference_low        double,
    difference_high       double,
    log_odds              double,         -- logit(share) - logit(reference)
    ratio                 double,         -- share / reference
    directional           double,         -- the concept's part of directional amplification, -1 to 1
    verdict               varchar,        -- over-represented, under-represented or not shown, by the interval
    survives_missing      boolean,        -- the verdict stands whatever the images not counted show
    depends_on_population boolean,        -- the verdict differs between the populations of the audit
    is_erased             boolean,        -- share_high is below a fifth of a reference above 0
    n_for_erasure         bigint,         -- images, none of them of the group, that would show it erased
    reason                varchar,        -- why difference or log_odds is null
    directional_reason    varchar,
    log_odds_low          double,         -- of the ends of the share's interval; null where an end is 0 or 1
    log_odds_high         double,
    q_value               double,         -- that share differs from reference, over concepts, groups and populations, (0, 1]
    directional_low       double,         -- ends of the interval of directional; null where several groups stand on both sides of it
    directional_high      double
);

-- Directional amplification over all concepts: are associations of a population made stronger (above 0) or weaker? Two rows for
-- each axis, labeller and population. Where label errors are corrected, the shares that are averaged are not cut to [0, 1].
create table if not exists mean_amplification_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    labels         varchar not null,      -- the labeller, as of representation
    embedder       varchar,               -- that a zero-shot labeller tells by; null for others
    population     varchar not null,
    year           bigint,
    locale         varchar,
    measure        varchar not null,      -- share, as labelled, or corrected_share
    n_concepts     bigint not null,       -- that the population has a value for and 2 images were counted of
    is_weighted    boolean not null,      -- by the size of each concept in the population; else all alike
    mean           double,                -- over concepts and groups, about -1 to 1
    low            double,
    high           double,
    n_images       bigint,                -- counted
    n_effective    double,                -- so many images that share no seed would give the mean as surely, above 0
    estimand       varchar not null,      -- what the interval speaks of: these prompts
    reason         varchar,               -- why mean is null
    note           varchar                -- what must be known beside the interval
);

-- Distance of all shares of a concept from a population, with what a fair generator would read.
create table if not exists divergence_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    labels         varchar not null,
    embedder       varchar,
    category       varchar,
    concept        varchar not null,
    population     varchar not null,
    kind           varchar not null,      -- total_variation or jensen_shannon (bits), 0 to 1
    n_counted      bigint not null,
    value          double,
    floor          double,                -- mean over generators that draw from the population itself, as many images
    excess         double,                -- value - floor
    p_value        double,
    q_value        double,
    reason         varchar                -- why value is null
);

-- Do images show what was asked for, and those of one group as well as those of others? By the cosine of an image with the text of its
-- own prompt (CLIPScore without its scale), whose size is the embedder's own.
create table if not exists alignment_history (
    version           bigint not null,
    system            varchar not null,
    system_version    varchar not null,
    audit             varchar not null,
    embedder          varchar not null,
    scope             varchar not null,   -- concept; group, the images of a group over all concepts; all, those of all concepts
    category          varchar,
    concept           varchar,            -- of scope concept, neutral prompts too
    axis              varchar,            -- of scope group, with what tells its images: labels as of representation, or of the embedder
    labels            varchar,
    group_name        varchar,
    n_images          bigint not null,
    alignment         double,             -- mean cosine with the text of the own prompt, -1 to 1; of several concepts the mean of theirs
    alignment_low     double,             -- of several concepts the concept is the unit
    alignment_high    double,
    first_share       double,             -- of images to which no other concept's text is nearer, 0 to 1; null for neutral prompts
    first_low         double,
    first_high        double,
    difference        double,             -- of a group: mean over concepts of its images' cosine less that of the others, -2 to 2
    difference_low    double,
    difference_high   double,
    reason            varchar,            -- why alignment or its interval is null
    difference_reason varchar
);

-- How unlike each other are the images of a concept? All alike is no fair system, whoever they show.
create table if not exists diversity_history (
    version         bigint not null,
    system          varchar not null,
    system_version  varchar not null,
    audit           varchar not null,
    embedder        varchar not null,
    category        varchar,
    concept         varchar not null,     -- neutral prompts too
    n_images        bigint not null,
    similarity      double,               -- mean cosine of all pairs of its images, -1 to 1; 1 where all are alike
    similarity_low  double,
    similarity_high double,
    vendi           double,               -- Vendi score: effective number of images, 1 to n_images; grows with these
    vendi_low       double,
    vendi_high      double,
    reason          varchar               -- why a number or its interval is null
);

-- How far the people who rated the same images agree, by axis. Abstaining is an answer like another.
create table if not exists rater_agreement_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    n_drawn        bigint not null,       -- images that people are asked about
    n_raters       bigint not null,
    n_rated        bigint not null,       -- images that two or more raters answered for; n_agreed + n_settled + n_open
    n_single       bigint not null,       -- images with one answer so far, which count for nothing
    n_agreed       bigint not null,       -- all raters gave one answer
    n_settled      bigint not null,       -- they differed, and another person settled it
    n_open         bigint not null,       -- they differ, and nobody has settled it
    n_no_group     bigint not null,       -- of the agreed and settled, those that people tell no group of
    alpha          double,                -- Krippendorff's, nominal, over groups and 'no group'; 1 agrees, 0 as by chance
    alpha_low      double,                -- bootstrap over images
    alpha_high     double,
    told_alpha     double,                -- the same with abstaining taken for a missing answer
    told_low       double,
    told_high      double,
    reason         varchar,               -- why alpha is null
    told_reason    varchar                -- why told_alpha is null
);

-- How far labellers agree, image by image: one row for each two labellers of an axis, and one for all where they are more. People are
-- one of them, of the images that they agree on or have settled. Over the images of concepts and neutral prompts, each once.
create table if not exists labeller_agreement_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    labels_1       varchar,               -- a labeller, as labels of representation; null where all labellers are meant
    embedder_1     varchar,               -- that a zero-shot labeller tells by; null for others
    labels_2       varchar,
    embedder_2     varchar,
    n_labellers    bigint not null,       -- two, or all
    n_images       bigint not null,       -- that two of them, or both, answered for
    n_told         bigint not null,       -- of those, the ones that two of them, or both, told a group of
    n_same         bigint not null,       -- of those, the ones that were told one group
    alpha          double,                -- Krippendorff's, nominal, over groups and 'no group'; 1 agrees, 0 as by chance
    alpha_low      double,                -- bootstrap over images
    alpha_high     double,
    told_alpha     double,                -- the same with 'no group' taken for a missing answer
    told_low       double,
    told_high      double,
    reason         varchar,               -- why alpha is null
    told_reason    varchar                -- why told_alpha is null
);

-- How labels err by what people agree on: one row for each axis, labeller, people's answer and label, over the rated images of all concepts.
create table if not exists people_confusion_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    labels         varchar not null,      -- the labeller, as of confusion
    embedder       varchar,
    group_name     varchar not null,      -- what people say: a group of the axis, or 'no group'
    answer         varchar not null,      -- what the labeller says: a group, or 'no group'
    n_images       bigint not null,       -- rated images with both
    n_known        bigint not null,       -- rated images of this group, as people say
    rate           double,                -- n_images / n_known, 0 to 1
    reason         varchar                -- why rate is null
);

-- Shares with people as the reference: one row for each axis, labeller, concept and group.
create table if not exists people_shares_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    labels         varchar not null,
    embedder       varchar,
    category       varchar,
    concept        varchar not null,
    group_name     varchar not null,
    n_images       bigint not null,       -- delivered images of the concept, all of them labelled
    n_rated        bigint not null,       -- of those, the ones that people agree on or have settled
    n_group        bigint not null,       -- of those, the ones of this group
    n_open         bigint not null,       -- images of the concept that raters differ on, and nobody has settled
    method         varchar not null,      -- prediction-powered: by votes on this concept; rogan-gladen: by the errors of labels over all
                                          --   concepts, which must then be alike in this one; as rated: people's own
    share          double,                -- of the images in which people tell a group, 0 to 1
    share_low      double,
    share_high     double,
    reason         varchar,               -- why share is null
    note           varchar                -- what must be known beside it
);

-- How far the measurement is from a known truth, on the phantom: one row a figure.
create table if not exists calibration_history (
    version        bigint not null,
    system_version varchar not null,
    kind           varchar not null,      -- dose_response, recovery, false_alarms, true_zero, coverage, harder, null_control or positive_control
    axis           varchar,
    embedder       varchar,               -- or pixels
    name           varchar not null,
    value          double,
    low            double,                -- 95 % interval
    high           double,
    goal           varchar,               -- in words, null where there is none
    met            boolean,               -- null where there is no goal, or too few audits were simulated to judge it
    detail         varchar,
    reason         varchar                -- why a goal is missed, where that is known and an audit says so beside such a number
);

-- What became of an imported set: one row for each of its prompts and each use of that prompt in the audit, one for each
-- prompt of the audit that it lacks, and rows for what of it was not looked at. Empty for systems that draw.
create table if not exists import_account_history (
    version        bigint not null,
    audit          varchar not null,
    system_version varchar not null,
    set_prompt     varchar,               -- as the set has it
    match          varchar not null,      -- declared, exact, normalised, rewritten; absent, lacking, unmatched, further, promptless, filtered, unlisted
    n_records      bigint not null,       -- of the set
    n_ok           bigint,                -- of those, that gave an image; null where nothing was imported
    outcomes       json,                  -- what came of the records, in words
    prompt_id      varchar,               -- the audit's prompt that it counts as, and the use of it
    prompt         varchar,
    role           varchar,
    axis           varchar,
    pole           varchar,
    category       varchar,
    concept        varchar,
    detail         varchar                -- why nothing was imported
);

-- How often the system declined: one row a subject, which scope and the names beside it say.
create table if not exists refusals_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    scope          varchar not null,      -- all, pole, group, category, concept, neutral, or baseline (neutral prompts together)
    axis           varchar,               -- of a pole or group
    pole           varchar,               -- a or b
    group_name     varchar,
    category       varchar,
    concept        varchar,
    n_prompts      bigint not null,
    n_requested    bigint not null,       -- images that the system answered for; n_given + n_refused + n_lost
    n_given        bigint not null,
    n_refused      bigint not null,       -- refused_prompt, refused_output or blanked
    n_lost         bigint not null,       -- neither: failed, timed out, empty ...
    outcomes       json not null,         -- what came of the n_requested images, in words
    rate           double,                -- n_refused / (n_given + n_refused)
    rate_low       double,                -- Wilson interval, wider where prompts differ among themselves
    rate_high      double,
    rate_least     double,                -- share of all requested images if none, or all, of those lost
    rate_most      double,                --   had been refused
    n_effective    double not null,       -- independent requests that the interval rests on
    reason         varchar                -- why rate is null
);

-- Refusal rates against each other: one row for each subject and what it is held against.
create table if not exists refusal_disparities_history (
    version         bigint not null,
    system          varchar not null,
    system_version  varchar not null,
    audit           varchar not null,
    scope           varchar not null,     -- pole, group, category or concept
    axis            varchar,
    pole            varchar,
    group_name      varchar,
    category        varchar,
    concept         varchar,
    against         varchar not null,     -- other_pole, other_groups, baseline, other_categories or other_concepts
    rate            double,
    against_rate    double,
    difference      double,               -- rate - against_rate, -1 to 1
    difference_low  double,               -- Newcombe interval
    difference_high double,
    ratio           double,               -- rate / against_rate
    unit            varchar,              -- what the test permutes: prompt; null where there are fewer than four on a side
    p_value         double,
    q_value         double,               -- over all rows of the scope and against
    reason          varchar,              -- why difference or p_value is null
    ratio_reason    varchar               -- why ratio is null
);

-- What a system answered to the same few prompts, window after window, each asked anew: one row a window.
create table if not exists canary_history (
    version         bigint not null,
    system          varchar not null,
    system_version  varchar not null,
    canary          varchar not null,     -- name in data/canaries
    canary_digest   varchar not null,     -- of what is asked: windows of another question are not compared
    embedder        varchar not null,
    window_number   bigint not null,      -- of the system, from 1; clocks may jump
    window_name     varchar not null,     -- the day it was asked
    previous        varchar,              -- window_name of the one it is compared with
    n_requested     bigint not null,
    n_images        bigint not null,
    n_refused       bigint not null,      -- declined by the system: counts as an answer
    n_lost          bigint not null,      -- not delivered for other reasons: counts as nothing
    n_prompts       bigint,               -- prompts with answers in both windows
    energy_distance double,               -- mean over those prompts, 0 to 2 * sqrt(2)
    p_value         double,
    alpha           double not null,      -- chance of any false alarm over the whole watch, (0, 0.5)
    verdict         varchar not null,     -- behaviour changed, not shown, or first window
    reason          varchar,              -- why there is no distance
    reference       varchar,              -- window_name of the first one since a change; null where that is previous
    reference_distance double,            -- energy distance to it, 0 to 2 * sqrt(2)
    reference_p_value double,             -- of that distance, (0, 1]
    level           double                -- what this window spends of alpha on each test: changed where a p-value is at most it
);

-- What policies said of a system version: one row for each requirement and each thing that it judged.
create table if not exists policy_results_history (
    version        bigint not null,
    policy         varchar not null,
    requirement    varchar not null,
    kind           varchar not null,      -- association, worsening, refusals, population, erasure, share or calibration
    system         varchar not null,
    system_version varchar not null,
    audit          varchar not null,
    before         varchar,               -- the version that it was compared with
    axis           varchar,
    embedder       varchar,
    labels         varchar,
    category       varchar,
    concept        varchar,
    group_name     varchar,
    population     varchar,
    measure        varchar,               -- what observed is: adjusted, difference, a share ...
    observed       double,
    low            double,
    high           double,
    q_value        double,                -- that observed lies beyond the limit, over the n_family rows, (0, 1]
    threshold      double,                -- the limit that observed is held against
    condition      varchar not null,      -- what the requirement asks for, in words
    status         varchar not null,      -- passed, failed or not judged, which is never a pass
    reason         varchar,               -- why it failed, or cannot be judged
    is_blocking    boolean not null,
    n_family       bigint,                -- rows of the requirement that q_value is over; null where no q-value decides
    n_needed       bigint                 -- images that a share takes to be able to fail; null where it is no share
);

-- What changed: a version against one before it, paired by prompt and seed. The partition is the later version; the rows
-- of all pairs that were compared under it are kept together, each pair once.
create table if not exists comparisons_history (
    version            bigint not null,
    system             varchar not null,  -- of the later version
    system_version     varchar not null,  -- the later version, as "after"
    before             varchar not null,  -- system version
    after              varchar not null,
    is_predecessor     boolean not null,  -- before is the version of the same system that was audited before; else asked for
    audit              varchar not null,
    axis               varchar not null,
    embedder           varchar not null,
    category           varchar,
    concept            varchar not null,
    component          varchar not null,  -- iias, itpas, itaas, mcas, or adjusted (mcas less the neutral baseline)
    n_before           bigint not null,   -- images that each version delivered
    n_after            bigint not null,
    n_pairs            bigint not null,   -- images that both delivered for the same prompt and seed
    value_before       double,            -- over the pairs
    value_after        double,
    difference         double,            -- after less before
    low                double,            -- 95 % interval, or as the audit declares
    high               double,
    p_value            double,            -- of the hypothesis that nothing changed, 0 to 1: the interval inverted
    q_value            double,            -- Benjamini-Hochberg over the concepts of this axis and embedder; null where not judged
    minimum_detectable double,            -- smallest change that the verdict would have found with 80 % power, were it the only one
    noise_band         double,            -- half-width that holds 95 % of the changes of one version with fresh seeds
    n_needed           bigint,            -- pairs that would find a change of the size that matters, all prompts in proportion
    verdict            varchar not null,  -- of the change of mcas: changed, not shown (at this number of images) or underpowered;
                                          --   not judged: a component, the adjusted score, a neutral prompt
    reason             varchar,           -- why a number is missing
    interval_method    varchar,           -- mover (labelled shares), bootstrap, or student (over several wordings); null where there is none
    interval_note      varchar,           -- what must be known beside the interval: why it is a bootstrap, or its coverage in
                                          --   simulation where that was outside .93 to .97
    n_further          bigint             -- of the pairs, those drawn after the others had been looked at; null in older homes
);

-- The same for the share of each perceived group.
create table if not exists share_comparisons_history (
    version            bigint not null,
    system             varchar not null,
    system_version     varchar not null,
    before             varchar not null,
    after              varchar not null,
    is_predecessor     boolean not null,
    audit              varchar not null,
    axis               varchar not null,
    labels             varchar not null,  -- the labeller, as of representation
    embedder           varchar,           -- that a zero-shot labeller tells by; null for others
    category           varchar,
    concept            varchar not null,
    group_name         varchar not null,
    measure            varchar not null,  -- share, as labelled, or corrected_share
    n_pairs            bigint not null,   -- images that both versions delivered, counted for some group in both
    n_uncounted        bigint not null,   -- pairs that were not counted in one of them
    n_only_before      bigint not null,   -- pairs of this group in the earlier version alone
    n_only_after       bigint not null,
    value_before       double,
    value_after        double,
    difference         double,            -- -1 to 1
    low                double,
    high               double,
    p_value            double,            -- share: McNemar's mid-p test; corrected_share: the interval inverted; 0 to 1
    q_value            double,            -- Benjamini-Hochberg over the concepts, by group and measure; null where not judged
    minimum_detectable double,            -- as of comparisons
    verdict            varchar not null,  -- as of comparisons; not judged: a neutral prompt
    reason             varchar
);

-- The same for refusals: a concept's prompts, or the attribute prompts of a pole.
create table if not exists refusal_comparisons_history (
    version            bigint not null,
    system             varchar not null,
    system_version     varchar not null,
    before             varchar not null,
    after              varchar not null,
    is_predecessor     boolean not null,
    audit              varchar not null,
    role               varchar not null,  -- concept, neutral or attribute
    subject            varchar not null,  -- the concept, or the pole as axis:name
    n_pairs            bigint not null,   -- requests that both versions settled, refused or not
    n_unsettled        bigint not null,   -- requests that one of them did not settle, or was not asked
    n_refused_before   bigint not null,
    n_refused_after    bigint not null,
    n_only_before      bigint not null,   -- refused by the earlier version alone
    n_only_after       bigint not null,
    difference         double,            -- of refusal rates, -1 to 1
    low                double,
    high               double,
    p_value            double,
    q_value            double,
    minimum_detectable double,
    verdict            varchar not null,
    reason             varchar
);

-- The headline of each pair of versions: one row an axis and embedder, and one over all, without either.
create table if not exists comparison_summary_history (
    version            bigint not null,
    system             varchar not null,
    system_version     varchar not null,
    before             varchar,           -- null where there is nothing to compare with, see reason
    after              varchar not null,
    is_predecessor     boolean not null,
    audit              varchar not null,
    axis               varchar,
    embedder           varchar,
    n_concepts         bigint not null,
    n_pairs            bigint not null,   -- images, each once
    n_only_before      bigint not null,   -- images that have no partner, by the version that has them
    n_only_after       bigint not null,
    n_changed          bigint not null,   -- concepts whose mcas changed
    n_towards_a        bigint,            -- of those, by direction ...; null over all axes
    n_towards_b        bigint,
    n_weaker           bigint,            -- ... and by whether the lean became smaller
    n_underpowered     bigint not null,
    any_p_value        double,            -- of the hypothesis that nothing changed
    mean_change        double,            -- of the score, over concepts; prompts are exchanged and drawn
    mean_low           double,
    mean_high          double,
    mean_p_value       double,
    lean_change        double,            -- of the score's size: below 0, the version leans less
    lean_low           double,
    lean_high          double,
    lean_p_value       double,
    noise_band         double,            -- median over the concepts
    verdict            varchar not null,  -- changed, not shown (at this number of images) or underpowered
    inputs             varchar,           -- digest of what was compared
    reason             varchar,
    further_note       varchar            -- what was drawn after the first pairs had been looked at, or why nothing was
);

-- What else than the weights differs between two versions, or between the conditions that they were measured under.
create table if not exists comparison_factors_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    before         varchar not null,
    after          varchar not null,
    is_predecessor boolean not null,
    audit          varchar not null,
    kind           varchar not null,      -- weights, settings, scheduler, instrument, packages, code, machine or question
    factor         varchar not null,
    stage          varchar not null,      -- identity, images, embeddings or plan: where it was met
    value_before   varchar,
    value_after    varchar,
    is_replayable  boolean not null,      -- mcas attribute can tell its part
    reason         varchar                -- why not
);

-- Did the change break the pictures? Alignment and diversity of two versions, on pairs of one prompt and seed.
create table if not exists fidelity_comparisons_history (
    version            bigint not null,
    system             varchar not null,
    system_version     varchar not null,
    before             varchar not null,
    after              varchar not null,
    is_predecessor     boolean not null,
    audit              varchar not null,
    embedder           varchar not null,
    category           varchar,
    concept            varchar,           -- null: over all concepts, which are then the unit
    measure            varchar not null,  -- alignment or first_share, as of alignment, or similarity, as of diversity
    n_pairs            bigint not null,   -- of images; none of a later round
    value_before       double,
    value_after        double,
    difference         double,            -- after less before: below 0 is worse, of similarity above 0
    low                double,
    high               double,
    p_value            double,            -- that nothing changed, (0, 1]
    q_value            double,            -- over the concepts of a measure and embedder; the row over all concepts is alone
    minimum_detectable double,            -- that this many pairs call a change at 80 % power, were it the only one
    verdict            varchar not null,  -- changed, not shown, underpowered; not judged for neutral prompts
    reason             varchar            -- why a number is null
);

-- What each labeller says of the images that a comparison drew after it had looked at the first pairs. Two rows of one prompt and
-- seed, of which image_facts tell, are a pair. No other table has them: they are no images of the audit.
create table if not exists further_labels_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    before         varchar not null,
    after          varchar not null,
    is_predecessor boolean not null,
    audit          varchar not null,
    axis           varchar not null,
    labels         varchar not null,      -- the labeller, as of representation
    embedder       varchar,               -- that a zero-shot labeller tells by; null for others
    concept        varchar not null,
    image_id       varchar not null,      -- of either version
    label          varchar not null       -- the group, or why it counts for none: ambiguous, outside, unreadable, no person ...
);

-- The part of each factor in a change, from replaying one at a time.
create table if not exists attributions_history (
    version        bigint not null,
    system         varchar not null,
    system_version varchar not null,
    before         varchar not null,
    after          varchar not null,
    audit          varchar not null,
    axis           varchar not null,
    embedder       varchar not null,
    concept        varchar,               -- null: the whole audit, share only
    factor         varchar not null,      -- 'interaction' is what single factors do not add up to
    effect         double,                -- part of the change of the adjusted score (mcas without a baseline)
    low            double,
    high           double,
    p_value        double,
    q_value        double,
    share          double,                -- of the change over all concepts, cross-fitted; the factors' shares sum to 1
    share_low      double,                -- null where the change is so small that its size may be 0
    share_high     double,
    reason         varchar
);
