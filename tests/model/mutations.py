"""What protects the protocol, how each guard is taken out of the model, and what Spin then says."""

from typing import NamedTuple

from tests.model.runs import GROUP_CANCELLED, GROUP_CRASHES, GROUP_ENDS, STEPS_CANCELLED, STEPS_CRASH, STEPS_END, Run

ZOMBIE = r"holder=="
ENTRY = r"==job\[\d\]\.entry"
EFFECT = r"effects=="
MOVE = r"assertion violated \(job\[\w\]\.status=="
ATTEMPTS = r"attempts<="
NEVER_ENDS = "acceptance cycle"
UNCHECKED = "(job[j].status == PROCESSING)"
FORGOTTEN = """  for (k : 0 .. 1) {
    if
    :: IN(jobs, k) -> delete_entry(k)
    :: else
    fi
  };
"""
ENTRY_DELETED_AT_PUBLISH = {"inline lease_and_publish(jobs) {\n": "inline lease_and_publish(jobs) {\n" + FORGOTTEN}


class Mutation(NamedTuple):
    """The model without the guard `name`: `run` must end with an error that `says` matches."""

    name: str
    run: Run
    says: str
    replaced: dict[str, str]


MUTATIONS = (
    Mutation(
        "the lease token in the checkpoint",
        STEPS_CRASH,
        ZOMBIE,
        {"#define CHECKPOINTS(w, j) HOLDS(w, j)": f"#define CHECKPOINTS(w, j) {UNCHECKED}"},
    ),
    Mutation(
        "the lease token in the completion",
        GROUP_CRASHES,
        ZOMBIE,
        {"#define COMPLETES(w, j) HOLDS(w, j)": f"#define COMPLETES(w, j) {UNCHECKED}"},
    ),
    Mutation(
        "the lease token in the failure",
        GROUP_CRASHES,
        ZOMBIE,
        {"#define FAILS(w, j) HOLDS(w, j)": f"#define FAILS(w, j) {UNCHECKED}"},
    ),
    Mutation(
        "the lease token in the retry",
        STEPS_CRASH,
        ZOMBIE,
        {"#define RETRIES(w, j) HOLDS(w, j)": f"#define RETRIES(w, j) {UNCHECKED}"},
    ),
    Mutation(
        "the lease token in the release",
        GROUP_CANCELLED,
        ZOMBIE,
        {"#define RELEASES(w, j) HOLDS(w, j)": f"#define RELEASES(w, j) {UNCHECKED}"},
    ),
    Mutation(
        "the token of a worker that is heard of",
        GROUP_CRASHES,
        ZOMBIE,
        {"job[j].token == worker[w].token)": "!worker[w].frozen)"},
    ),
    Mutation(
        "a new token with each claim", GROUP_CRASHES, ZOMBIE, {"worker[w].token = number;": "worker[w].token = 1;"}
    ),
    Mutation(
        "the rollback of a group that has lost a job",
        GROUP_CRASHES,
        EFFECT,
        {
            "  :: else -> skip /* the lease is lost: all of it is rolled back */": """  :: else ->
    for (k : 0 .. 1) {
      if
      :: IN(worker[w].held, k) -> job[k].effects++
      :: else
      fi
    }"""
        },
    ),
    Mutation(
        "effect and completion in one commit",
        STEPS_CRASH,
        EFFECT,
        {"-> job[k].holder = DEAD": "-> job[k].holder = DEAD; job[k].effects++"},
    ),
    Mutation(
        "the cursor at which a job goes on",
        STEPS_CRASH,
        EFFECT,
        {"worker[w].cursor = job[j].progress;": "worker[w].cursor = 0;"},
    ),
    Mutation("the entry that outlives its publish", GROUP_CRASHES, ENTRY, ENTRY_DELETED_AT_PUBLISH),
    Mutation("the entry that brings a lost message back", GROUP_ENDS, NEVER_ENDS, ENTRY_DELETED_AT_PUBLISH),
    Mutation(
        "the redelivery of what was published",
        GROUP_ENDS,
        NEVER_ENDS,
        {
            "  bool entry;": "  bool entry, published;",
            "job[j].entry && !WAITS(j)": "job[j].entry && !job[j].published",
            "  job[j].entry = true": "  job[j].entry = true;\n  job[j].published = false",
            "inline lease_and_publish(jobs) {\n": "inline lease_and_publish(jobs) {\n"
            + FORGOTTEN.replace("delete_entry(k)", "job[k].published = true"),
        },
    ),
    Mutation(
        "the entry deleted by the claim",
        GROUP_CRASHES,
        ENTRY,
        {"job[j].attempts;\n  delete_entry(j)": "job[j].attempts"},
    ),
    Mutation(
        "the entry deleted by the cancel",
        GROUP_CANCELLED,
        ENTRY,
        {"    move(j, PENDING, CANCELLED);\n    delete_entry(j)": "    move(j, PENDING, CANCELLED)"},
    ),
    *(
        Mutation(f"the entry of the {verb}", GROUP_CANCELLED, ENTRY, {f"{before};\n{indent}add_entry(j)": before})
        for verb, before, indent in (
            ("enqueue", "  move(j, NONE, PENDING)", "  "),
            ("retry", "  holds_alone(w, j);\n  move(j, PROCESSING, PENDING)", "  "),
            ("release", "  job[j].attempts--;\n  move(j, PROCESSING, PENDING)", "  "),
            ("sweep", "    move(j, PROCESSING, PENDING)", "    "),
            ("requeue", "  :: job[j].status == CANCELLED -> move(j, CANCELLED, PENDING)\n  fi", "  "),
        )
    ),
    Mutation(
        "the status looked at by the claim",
        GROUP_CRASHES,
        MOVE,
        {"#define CLAIMABLE(j) (job[j].status == PENDING)": "#define CLAIMABLE(j) (job[j].status != NONE)"},
    ),
    Mutation(
        "the sweep's second look at status and lease",
        GROUP_CRASHES,
        rf"{MOVE}|lease_over",
        {"#define SWEEPABLE(j) (job[j].status == PROCESSING && LOST(j))": "#define SWEEPABLE(j) (1)"},
    ),
    Mutation(
        "the sweep's second look at the lease",
        STEPS_CRASH,
        "lease_over",
        {"#define SWEEPABLE(j) (job[j].status == PROCESSING && LOST(j))": f"#define SWEEPABLE(j) {UNCHECKED}"},
    ),
    Mutation(
        "the sweep",
        GROUP_ENDS,
        NEVER_ENDS,
        {"#define SWEEPABLE(j) (job[j].status == PROCESSING && LOST(j))": "#define SWEEPABLE(j) (0)"},
    ),
    Mutation("the attempt counted by the claim", STEPS_END, NEVER_ENDS, {"  job[j].attempts++;\n": ""}),
    Mutation(
        "the end of a swept job's attempts",
        GROUP_CRASHES,
        ATTEMPTS,
        {"  :: job[j].attempts < MAX_ATTEMPTS ->\n    move": "  :: true ->\n    move"},
    ),
    Mutation("the attempt handed back by the release", STEPS_CANCELLED, ATTEMPTS, {"  job[j].attempts--;\n": ""}),
    Mutation("the attempts given back by the requeue", STEPS_CANCELLED, ATTEMPTS, {"  job[j].attempts = 0;\n": ""}),
)
