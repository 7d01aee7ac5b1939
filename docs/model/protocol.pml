/*
 * The life of a job among faults. Every move of domain/jobs/lifecycle.py is an inline of the same name here, and no
 * other inline moves a job; tests/architecture/test_model.py compares the two. One `atomic` is one transaction, or one
 * act of a process. README.md says what is left out.
 */

/*
 * tests/model/runs.py sets how much may happen in a run:
 *   GROUP      1: two jobs may share a message and a transaction; 0: each has a step before its end
 *   DEATHS     processes killed                     FREEZES    workers frozen, and thawed again
 *   LOSSES     messages lost, the broker away       DOUBLINGS  messages that come twice
 *   TROUBLES   faults of the database               CANCELS, REQUEUES
 */

#define WORKERS 2
#define BOTH 3
#define MAX_ATTEMPTS 2
#define STEPS (1 - GROUP)
#define NOBODY WORKERS
#define DEAD (WORKERS + 1)

mtype = { NONE, PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED };

typedef Job {
  mtype status = NONE;
  bool entry;
  byte attempts, token, progress;
  byte holder = NOBODY;
  bool lease_over, cancel_requested;
  byte effects /* how many have been committed; the database does not know */
};

typedef Worker {
  byte held; /* the set of jobs that it has claimed */
  byte token, cursor, attempt[2];
  bool frozen
};

Job job[2];
Worker worker[WORKERS];
bool message[4]; /* the broker: for each set of jobs, whether a message of it waits */
byte found; /* the set of jobs that the sweeper is about to sweep */
byte silent = NOBODY; /* the process whose jobs it takes back: it was dead or silent when it was found */
byte deaths = DEATHS, freezes = FREEZES, losses = LOSSES, doublings = DOUBLINGS;
byte troubles = TROUBLES, cancels = CANCELS, requeues = REQUEUES;
hidden byte number, k;

#define IN(set, j) (((set) >> (j)) & 1)
#define ENDED(j) (job[j].status == COMPLETED || job[j].status == FAILED || job[j].status == CANCELLED)
#define REMEMBERED(number)                                                                                             \
  (job[0].token == number || job[1].token == number || worker[0].token == number || worker[1].token == number)

/* What each statement looks for. */
#define CLAIMABLE(j) (job[j].status == PENDING)
#define HOLDS(w, j) (job[j].status == PROCESSING && job[j].token == worker[w].token)
#define CHECKPOINTS(w, j) HOLDS(w, j)
#define COMPLETES(w, j) HOLDS(w, j)
#define FAILS(w, j) HOLDS(w, j)
#define RETRIES(w, j) HOLDS(w, j)
#define RELEASES(w, j) HOLDS(w, j)
#define SILENT(j) (job[j].holder == DEAD || (job[j].holder < WORKERS && worker[job[j].holder].frozen))
#define LOST(j) (job[j].lease_over || job[j].holder == silent)
#define SWEEPABLE(j) (job[j].status == PROCESSING && LOST(j))
#define WAITS(j) (message[1 << (j)] || message[BOTH])
#define LEASABLE(j) (job[j].entry && !WAITS(j))

/* A PENDING job has exactly one outbox entry, no other job has one. */
#define ENTRY_FITS(j) ((job[j].status == PENDING) == job[j].entry)
/* An effect happens once. */
#define EFFECTS_FIT(j) (job[j].effects == job[j].progress + (job[j].status == COMPLETED))

inline add_entry(j) {
  job[j].entry = true
}

inline delete_entry(j) {
  job[j].entry = false
}

inline move(j, before, after) {
  assert(job[j].status == before);
  job[j].status = after;
  if
  :: after != PROCESSING ->
    job[j].token = 0;
    job[j].holder = NOBODY;
    job[j].lease_over = false
  :: else
  fi
}

/* A zombie commits nothing: whoever writes about a claimed job is the one who holds it. */
inline holds_alone(w, j) {
  assert(job[j].holder == w)
}

inline enqueue(j) {
  move(j, NONE, PENDING);
  add_entry(j)
}

inline claim(w, j) {
  move(j, PENDING, PROCESSING);
  job[j].attempts++;
  assert(job[j].attempts <= MAX_ATTEMPTS);
  job[j].token = worker[w].token;
  job[j].holder = w;
  worker[w].cursor = job[j].progress;
  worker[w].attempt[j] = job[j].attempts;
  delete_entry(j)
}

inline checkpoint(w, j, steps) {
  holds_alone(w, j);
  worker[w].cursor = worker[w].cursor + steps;
  job[j].effects = job[j].effects + steps;
  job[j].progress = worker[w].cursor;
  if
  :: steps > 0 ->
    job[j].attempts = 1;
    worker[w].attempt[j] = 1
  :: else
  fi;
  if
  :: job[j].cancel_requested -> move(j, PROCESSING, CANCELLED)
  :: else ->
    move(j, PROCESSING, PROCESSING);
    job[j].lease_over = false
  fi
}

inline complete(w, j) {
  holds_alone(w, j);
  job[j].effects++;
  move(j, PROCESSING, COMPLETED)
}

inline retry(w, j) {
  holds_alone(w, j);
  move(j, PROCESSING, PENDING);
  add_entry(j)
}

inline fail(w, j) {
  holds_alone(w, j);
  move(j, PROCESSING, FAILED)
}

inline release(w, j) {
  holds_alone(w, j);
  job[j].attempts--;
  move(j, PROCESSING, PENDING);
  add_entry(j)
}

inline sweep(j) {
  assert(LOST(j)); /* what a worker that was heard of holds within its lease stays there */
  if
  :: job[j].attempts < MAX_ATTEMPTS ->
    move(j, PROCESSING, PENDING);
    add_entry(j)
  :: else -> move(j, PROCESSING, FAILED)
  fi
}

inline cancel(j) {
  if
  :: job[j].status == PENDING ->
    move(j, PENDING, CANCELLED);
    delete_entry(j)
  :: job[j].status == PROCESSING -> job[j].cancel_requested = true
  fi
}

inline requeue(j) {
  job[j].attempts = 0;
  job[j].cancel_requested = false;
  if
  :: job[j].status == FAILED -> move(j, FAILED, PENDING)
  :: job[j].status == CANCELLED -> move(j, CANCELLED, PENDING)
  fi;
  add_entry(j)
}

inline forget(w) {
  worker[w].held = 0;
  worker[w].token = 0;
  worker[w].cursor = 0;
  worker[w].attempt[0] = 0;
  worker[w].attempt[1] = 0
}

/* What is taken and not claimed, as its worker died, is a message lost. */
inline take(w, jobs) {
  if
  :: message[jobs] = false
  :: doublings > 0 -> doublings--
  fi;
  claim_all(w, jobs)
}

/* Under one token, which is new: nobody remembers it. */
inline claim_all(w, jobs) {
  number = 1;
  do
  :: REMEMBERED(number) -> number++
  :: else -> break
  od;
  worker[w].token = number;
  for (k : 0 .. 1) {
    if
    :: IN(jobs, k) && CLAIMABLE(k) ->
      claim(w, k);
      worker[w].held = worker[w].held | (1 << k)
    :: else
    fi
  }
  if
  :: worker[w].held == 0 -> forget(w)
  :: else
  fi
}

#define SETTLES(w, j, failed)                                                                                          \
  (!IN(worker[w].held, j) || (IN(failed, j) && FAILS(w, j)) || (!IN(failed, j) && COMPLETES(w, j)))

/* Effects, completions and failures of a group are one transaction. */
inline settle(w, failed) {
  if
  :: SETTLES(w, 0, failed) && SETTLES(w, 1, failed) ->
    for (k : 0 .. 1) {
      if
      :: IN(worker[w].held, k) && IN(failed, k) -> fail(w, k)
      :: IN(worker[w].held, k) && !IN(failed, k) -> complete(w, k)
      :: else
      fi
    }
  :: else -> skip /* the lease is lost: all of it is rolled back */
  fi;
  forget(w)
}

inline step(w, j, steps) {
  if
  :: CHECKPOINTS(w, j) ->
    checkpoint(w, j, steps);
    if
    :: job[j].status == CANCELLED -> worker[w].held = worker[w].held & (BOTH - (1 << j))
    :: else
    fi;
    if
    :: worker[w].held == 0 -> forget(w)
    :: else
    fi
  :: else -> forget(w)
  fi
}

inline set_aside(w, j) {
  if
  :: RETRIES(w, j) && worker[w].attempt[j] < MAX_ATTEMPTS -> retry(w, j)
  :: FAILS(w, j) && worker[w].attempt[j] == MAX_ATTEMPTS -> fail(w, j)
  :: else
  fi;
  forget(w)
}

inline hand_back(w) {
  for (k : 0 .. 1) {
    if
    :: IN(worker[w].held, k) && RELEASES(w, k) -> release(w, k)
    :: else
    fi
  }
  forget(w)
}

inline die(w) {
  for (k : 0 .. 1) {
    if
    :: IN(worker[w].held, k) && job[k].holder == w -> job[k].holder = DEAD
    :: else
    fi
  }
  worker[w].frozen = false;
  forget(w)
}

/* What is leased and not yet published is as good as a message under way: so both are one act. */
inline lease_and_publish(jobs) {
  if
  :: message[jobs] = true
  :: losses > 0 -> losses-- /* the relay dies before it publishes, or the broker is away: due again */
  fi
}

/* A lease that ends unseen changes nothing: so each ends at the moment in which it is found. */
inline find_expired(j) {
  job[j].lease_over = true;
  found = 1 << j
}

/* Presence: the process may be heard of again before its jobs are taken back. */
inline find_held(j) {
  silent = job[j].holder;
  found = 1 << j
}

inline forget_found() {
  found = 0;
  silent = NOBODY
}

inline sweep_found(j) {
  if
  :: SWEEPABLE(j) -> sweep(j)
  :: else
  fi;
  forget_found()
}

#define IDLE(w) (!worker[w].frozen && !worker[w].held)
/* Workers are alike: so the second one takes what comes while the first one is busy. */
#define READY(w) (IDLE(w) && (w == 0 || !IDLE(0)))
#define WORKS(w, jobs) (!worker[w].frozen && worker[w].held == jobs)

proctype Work(byte w) {
end:
  do
  :: atomic { READY(w) && message[1] -> take(w, 1) }
  :: atomic { READY(w) && message[2] -> take(w, 2) }
  :: atomic { WORKS(w, 1) && worker[w].cursor < STEPS -> step(w, 0, 1) }
  :: atomic { WORKS(w, 2) && worker[w].cursor < STEPS -> step(w, 1, 1) }
  :: atomic { !worker[w].frozen && IN(worker[w].held, 0) && job[0].cancel_requested -> step(w, 0, 0) }
  :: atomic { !worker[w].frozen && IN(worker[w].held, 1) && job[1].cancel_requested -> step(w, 1, 0) }
  :: atomic { !worker[w].frozen && worker[w].held && worker[w].cursor == STEPS -> settle(w, 0) }
  :: atomic { !worker[w].frozen && IN(worker[w].held, 0) -> settle(w, 1) }
  :: atomic { !worker[w].frozen && IN(worker[w].held, 1) -> settle(w, 2) }
  :: atomic { WORKS(w, 1) -> set_aside(w, 0) }
  :: atomic { WORKS(w, 2) -> set_aside(w, 1) }
  :: atomic { !worker[w].frozen && worker[w].held && troubles > 0 -> troubles--; hand_back(w) }
#if GROUP
  :: atomic { READY(w) && message[BOTH] -> take(w, BOTH) }
#endif
  od
}

active proctype Relay() {
end:
  do
  :: atomic { LEASABLE(0) -> lease_and_publish(1) }
  :: atomic { LEASABLE(1) -> lease_and_publish(2) }
#if GROUP
  :: atomic { LEASABLE(0) && LEASABLE(1) -> lease_and_publish(BOTH) }
#endif
  od
}

active proctype Sweeper() {
end:
  do
  :: atomic { !found && job[0].status == PROCESSING -> find_expired(0) }
  :: atomic { !found && job[1].status == PROCESSING -> find_expired(1) }
  :: atomic { !found && job[0].status == PROCESSING && SILENT(0) -> find_held(0) }
  :: atomic { !found && job[1].status == PROCESSING && SILENT(1) -> find_held(1) }
  :: atomic { IN(found, 0) -> sweep_found(0) }
  :: atomic { IN(found, 1) -> sweep_found(1) }
  od
}

active proctype Thaw() {
end:
  do
  :: atomic { worker[0].frozen -> worker[0].frozen = false }
  :: atomic { worker[1].frozen -> worker[1].frozen = false }
  od
}

inline wipe() {
  message[1] = false;
  message[2] = false;
  message[BOTH] = false
}

/* Callers and faults: any of it may happen, none of it must. */
active proctype World() {
end:
  do
  :: atomic { job[0].status == NONE -> enqueue(0) }
  :: atomic { job[1].status == NONE -> enqueue(1) }
  :: atomic { cancels > 0 && (job[0].status == PENDING || job[0].status == PROCESSING) -> cancels--; cancel(0) }
  :: atomic { requeues > 0 && (job[0].status == FAILED || job[0].status == CANCELLED) -> requeues--; requeue(0) }
  :: atomic { deaths > 0 && worker[0].held -> deaths--; die(0) }
  :: atomic { deaths > 0 && worker[1].held -> deaths--; die(1) }
  :: atomic { deaths > 0 && found -> deaths--; forget_found() }
  :: atomic { freezes > 0 && worker[0].held && !worker[0].frozen -> freezes--; worker[0].frozen = true }
  :: atomic { freezes > 0 && worker[1].held && !worker[1].frozen -> freezes--; worker[1].frozen = true }
  :: atomic { losses > 0 && message[1] -> losses--; message[1] = false }
  :: atomic { losses > 0 && message[2] -> losses--; message[2] = false }
  :: atomic { losses > 0 && message[1] && message[2] -> losses--; wipe() }
#if GROUP
  :: atomic { losses > 0 && message[BOTH] -> losses--; message[BOTH] = false }
#endif
  od
}

#ifdef INVARIANTS
active proctype Invariants() {
end:
  if
  :: atomic { !(ENTRY_FITS(0) && ENTRY_FITS(1)) -> assert(ENTRY_FITS(0) && ENTRY_FITS(1)) }
  :: atomic { !(EFFECTS_FIT(0) && EFFECTS_FIT(1)) -> assert(EFFECTS_FIT(0) && EFFECTS_FIT(1)) }
  fi
}
#endif

init {
  atomic {
    run Work(0);
    run Work(1)
  }
}

#ifndef INVARIANTS
/* Each accepted job ends, if whoever can act does at some time (weak fairness). */
ltl ends { [] (job[0].status != NONE -> <> ENDED(0)) }
#endif
