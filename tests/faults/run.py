#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Seed faults in the rules and what guards them, and require that a suite finds each of them.

    tests/faults/run.py [-v] [NAME...]      NAME: only faults whose name contains it

Each fault is one edit of one source file. It is made in a copy of the tree, with the objects of a
finished build, so that only that file is compiled again; then its suite of test-ledger runs and
must fail: `histories` over a few seeds, unless the fault names another. First of all these suites
must pass without any fault, and tests/model/ must stand alone. A fault whose old text does not stand in its file exactly once is
itself a failure: faults must not rot. The last line is `N passed, N failed`.

Environment: BUILD (build), SEM_FAULT_SEEDS (8), SEM_FAULT_JOBS (number of cores).
"""
import collections
import concurrent.futures
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('BUILD', 'build')
SEEDS = os.environ.get('SEM_FAULT_SEEDS', '8')
JOBS = int(os.environ.get('SEM_FAULT_JOBS', os.cpu_count() or 1))
FOLDERS = ('crypto', 'policies', 'ledger', 'tests/ledger', 'tests/model', 'tests/vectors')
TIMEOUT_S = 60
VERBOSE = False

Fault = collections.namedtuple('Fault', 'name file old new suite', defaults=['histories'])

FAULTS = [
    # What is at hand
    Fault('what was thrown away stays at hand', 'ledger/state.c',
          '    s->kept.round++;\n', '    s->kept.round |= 1;\n', 'state'),
    Fault('words of meta that were thrown away stay at hand', 'ledger/state.c',
          '    s->kept.n_words = 0;\n', '', 'state'),
    Fault('a fact that changes is not written', 'ledger/state.c',
          'if (!known || memcmp(&kept->org, org, offsetof(struct org, last_entry)) != 0)',
          'if (!known)', '@(state|accounts)'),
    Fault('a moment that is put may come first unseen', 'ledger/state_things.c',
          'if (moment <= s->kept.due.moment)', 'if (moment < 0)', 'state'),
    Fault('a key that is revoked stays at hand as it was', 'ledger/state.c',
          '    *key_place(&s->kept, &key->id) = (struct kept_key){s->kept.round, *key};\n', '',
          'state'),
    # Batches
    Fault('the queue gathers though everybody waits for it', 'ledger/queue.c',
          ' && !all_rest(q)', ' && (!all_rest(q) || true)', 'queue'),
    Fault('the last hand to rest does not wake the taker', 'ledger/queue.c',
          'if (!atomic_load(&q->gathering))', 'if (true)', 'queue'),
    Fault('the queue remembers a crowd behind a pause', 'ledger/queue.c',
          ' && now - q->ended_us <= 10 * q->window_us', '', 'queue'),
    Fault('the queue never sees that the cores had nothing to do', 'ledger/queue.c',
          'if (atomic_load(&q->rested))', 'if (false)', 'queue'),
    Fault('who rested once rested for ever', 'ledger/queue.c',
          'atomic_store(&q->rested, atomic_load(&q->working) == 0);', '', 'queue'),
    Fault('the queue waits for who is not there', 'ledger/queue.c',
          'least(in_flight, least(q->batch_max, QUEUE_ENOUGH_MAX))',
          '(in_flight > 0 ? least(q->batch_max, QUEUE_ENOUGH_MAX) : 0)', 'queue'),
    Fault('the queue waits for as many as a batch holds', 'ledger/queue.c',
          'least(q->batch_max, QUEUE_ENOUGH_MAX)', 'q->batch_max', 'queue'),
    Fault('everybody has a wait for the disk of his own', 'ledger/queue.c',
          '    await(q, q->expected, q->began_us', '    await(q, 1, q->began_us', 'queue'),
    Fault('a pace begins where the last batch ended', 'ledger/queue.c',
          'q->began_us + patience', 'q->ended_us + patience', 'queue'),
    Fault('a pace is for those at rest alone', 'ledger/queue.c',
          '    await(q, q->expected,', '    if (atomic_load(&q->working) == 0)\n        await(q, q->expected,',
          'queue'),
    Fault('a pace waits for more than a batch holds', 'ledger/queue.c',
          '    await(q, q->expected,', '    await(q, q->expected > 0 ? 9 : 0,', 'queue'),
    Fault('a pace is as long on a fast disk', 'ledger/queue.c',
          'q->began_us + patience(q, q->window_us / QUEUE_WINDOW_PACES)',
          'q->began_us + q->window_us / QUEUE_WINDOW_PACES', 'queue'),
    Fault('a pace begins where nobody was there', 'ledger/queue.c',
          '    if (jobs != NULL)\n        q->began_us', '    if (true)\n        q->began_us',
          'queue'),
    Fault('the queue waits for more than it takes', 'ledger/queue.c',
          'least(batch_max, max)', 'batch_max', 'queue'),
    # The journal
    Fault('a new round is written over the newest record', 'ledger/journal.c',
          'return journal->at < end && journal->at + n > journal->last ? end : journal->at;',
          'return end > n ? journal->at : journal->at;', 'journal'),
    Fault('the sum of a record is not looked at', 'ledger/journal.c',
          'return hash_equal(&found, &header.sum);', 'return true;', 'journal'),
    Fault('the sum of a record leaves its header out', 'ledger/journal.c',
          'hash_stream_add(&h, header, offsetof(struct header, sum));',
          'hash_stream_add(&h, header, 8);', 'journal'),
    Fault('what was thrown away stays in the draft', 'ledger/decide.c',
          '    journal_cut(d->journal, mark);\n', '    (void)mark;\n', '@(journal|writer)'),
    Fault('a root of the journal is not held against the tree', 'ledger/journal.c',
          'hash_equal(&head.root, &walk->record->head.root))', 'head.size > 0)', 'journal'),
    Fault('a start forgets the journal', 'ledger/node.c',
          '    take_journal(node, err);\n', '    (void)take_journal;\n', 'journal'),
    Fault('a rebuild forgets the journal', 'ledger/rebuild.c',
          'run->total = journal_reach(&run->journal, run->stored);', '', 'journal'),
    Fault('a backup forgets the journal', 'ledger/backup.c',
          'copy_environment(m, "aux", aux) && read_journal(m) &&',
          'copy_environment(m, "aux", aux) && (read_journal(m) || true) && !memset(&m->journal, 0, '
          'sizeof m->journal) &&', 'journal'),
    Fault('the head of the journal does not count', 'ledger/last_signed.c',
          'if (out->result == LAST_SIGNED_OK && head.size > out->head.size)', 'if (false)', '@(journal|last_signed)'),
    Fault('a missing journal is no reason', 'ledger/last_signed.c',
          '    if (!found.has_journal)\n', '    if (false)\n', 'last_signed'),
    Fault('an empty log beside a journal is signed', 'ledger/last_signed.c',
          'head->size == 0 && found.journal_size == 0', 'head->size == 0', 'last_signed'),
    Fault('entries that wait in the journal are no reason of their own', 'ledger/last_signed.c',
          'if (found.journal_reach > head->size)', 'if (false)', 'last_signed'),
    Fault('a job that asks for the store is told before', 'ledger/writer.c',
          'settle = settle || (job->settle && job->result != JOB_REFUSED);', '', 'journal'),
    Fault('nobody looks whether the store is waited for', 'ledger/writer.c',
          'settle || is_awaited(w) || is_far_ahead(w) ||', 'settle || is_far_ahead(w) ||',
          'journal'),
    Fault('the store is left behind without end', 'ledger/writer.c',
          'behind(w) >= WRITER_BEHIND_MAX ||', '', 'journal'),
    Fault('the store follows only when it is asked', 'ledger/writer.c',
          'writer_now_monotonic_ms() - w->behind_since >= w->behind_ms', 'false', 'journal'),
    Fault('the last head is not kept at the end', 'ledger/writer.c',
          '!last_signed_stands(w) && !keep_last_signed(w))\n        fprintf',
          'false)\n        fprintf', 'journal'),
    Fault('the root of a head leaves what is to the right out', 'ledger/log.c',
          'nodes->edge.rest[0]}', 'nodes->edge.part[0]}', 'log'),
    # Lines and windows
    Fault('a projection exactly at the line is refused', 'policies/limits.c',
          'projected >= -decision->refused_past)', 'projected > -decision->refused_past)'),
    Fault('newcomers stay newcomers one exchange too long', 'policies/limits.c',
          'gifts_confirmed >= policy->limit_floor_new_gifts',
          'gifts_confirmed > policy->limit_floor_new_gifts'),
    Fault('what is pending does not count against the receiver', 'policies/limits.c',
          'input->position - input->pending_received;', 'input->position;'),
    Fault('the floor of newcomers counts receipts', 'ledger/state_promises.c',
          'org->given_year, org->given_count, out',
          'org->given_year, org->received_count, out'),
    Fault('the floor grows with what is received', 'ledger/state_promises.c',
          'org->given_year, org->given_count, out',
          'org->received_year, org->given_count, out'),
    Fault('the window is a day too short', 'policies/window.c',
          'day - window_days + 1)', 'day - window_days + 2)'),
    Fault('the window keeps the day that leaves it', 'ledger/state_flows.c',
          'd = org->window_from; d < from; d++', 'd = org->window_from + 1; d < from; d++'),
    Fault('a voucher who gives opens the line', 'ledger/kinds/kinds.c',
          'pairs[i].to != need->key.author || pairs[i].from == need->voucher',
          'pairs[i].to != need->key.author'),
    Fault('urgency opens the line of other receivers', 'ledger/kinds/kinds.c',
          'pairs[i].to != need->key.author || pairs[i].from == need->voucher',
          'pairs[i].from == need->voucher'),
    Fault('urgency has no amount', 'ledger/kinds/kinds.c',
          'return pairs_left_to(pairs, n, need->key.author) <= need_still_asks(need, included);',
          'return true || included > 0;'),
    Fault('what agreements keep for a need is forgotten', 'ledger/kinds/agreement.c',
          'reserve_for_need(r, &a, left_for_need(&a));', ''),
    Fault('a day bucket changes before the window moves', 'ledger/books.c',
          'state_roll_window(r->state, o, window_day(r->at));', ''),
    # Agreements
    Fault('hours under an agreement stay pending', 'ledger/kinds/hours.c',
          'books_reserve(r, p->from, p->to, -kept);', '(void)r;'),
    Fault('one minute over an agreement passes', 'ledger/kinds/hours.c',
          'if (p->minutes > left)', 'if (p->minutes > left + 1)'),
    Fault('an agreement that ends releases nothing', 'ledger/kinds/agreement.c',
          'reserve_left(r, a, -1);', '(void)reserve_left;'),
    Fault('a change keeps the old reservation', 'ledger/kinds/agreement.c',
          'reserve_left(r, &old, -1);', ''),
    Fault('a change keeps the old expiry', 'ledger/kinds/agreement.c',
          'struct due due = expiry_of(&old);\n    state_del_due(r->state, &due);',
          'struct due due = expiry_of(&old);'),
    Fault('a change to exactly what is recorded is refused', 'ledger/kinds/agreement.c',
          'if (was->other > minutes)', 'if (was->other >= (is == NULL ? 1 : minutes))'),
    # Hours
    Fault('a gift counts in the position', 'ledger/books.c',
          '        books_move(r, from, to, minutes);\n', ''),
    Fault('moves have the wrong sign', 'ledger/books.c',
          'books_org(r, from)->moves -= minutes;\n    books_org(r, to)->moves += minutes;',
          'books_org(r, from)->moves += minutes;\n    books_org(r, to)->moves -= minutes;'),
    Fault('a group record counts several times', 'ledger/books.c',
          'if (giver_new)', 'if (giver_new || i > 0)'),
    Fault('a reversal goes into the bucket of today', 'ledger/kinds/hours.c',
          '    books_post(r, h, p, -back->minutes, -returns, ',
          '    h->bucket = window_day(r->at);\n'
          '    books_post(r, h, p, -back->minutes, -returns, '),
    Fault('a reversal goes into the part of today', 'ledger/books.c',
          'h->bucket, h->index, ', 'h->bucket, r->index, ', 'pairs'),
    Fault('all pairs of a day lie together', 'ledger/state_flows.c',
          '(uint32_t)(index / PAIR_PART_LEAVES)', '(uint32_t)(index - index)', 'pairs'),
    Fault('a pair is looked up in one part of a day', 'ledger/state_flows.c',
          'for (; find_row(s, &at, INT32_MAX, &d); at.part++) {',
          'for (; find_row(s, &at, INT32_MAX, &d); at.day++) {', 'pairs'),
    Fault('the giver at the mark counts as added up', 'ledger/state_flows.c',
          ': row->from < m->from;', ': row->from <= m->from;', 'pairs'),
    Fault('a part of a giver is not added up', 'ledger/state_flows.c',
          '            at.part++;\n        }\n        at.from = m->from;',
          '            at.part += 2;\n        }\n        at.from = m->from;', 'pairs'),
    Fault('what was taken back can be taken back again', 'ledger/kinds/hours.c',
          'int64_t left = p->minutes - p->other;', 'int64_t left = p->minutes;'),
    Fault('a partial reversal takes the whole exchange away', 'ledger/kinds/hours.c',
          'if (h.counted && wholly_taken_back(&h)) {', 'if (h.counted || wholly_taken_back(&h)) {'),
    Fault('a need is met one minute late', 'ledger/kinds/hours.c',
          'need.served >= need.minutes', 'need.served > need.minutes'),
    Fault('the 366th day before is too long ago', 'ledger/kinds/hours.c',
          'day >= today - DAYS_BACK_MAX', 'day > today - DAYS_BACK_MAX'),
    # Time
    Fault('a due moment waits for the next millisecond', 'ledger/state_things.c',
          'return out->moment <= until;', 'return out->moment < until;'),
    Fault('something may expire at once', 'ledger/kinds/kinds.c',
          'expires > r->at && expires <= latest', 'expires >= r->at && expires <= latest'),
    Fault('an entry expires a millisecond early', 'ledger/rules.c',
          'return r->at <= e->valid_until ||', 'return r->at < e->valid_until ||'),
    Fault('a mandate lasts a millisecond too long', 'ledger/kinds/kinds.c',
          'ROLE_COORDINATOR) > r->at', 'ROLE_COORDINATOR) >= r->at'),
    Fault('an urgency outlives its need', 'ledger/kinds/need.c',
          '    if (n->urgent_until != 0)\n        need_urgency_lapse(r, n);\n', ''),
    Fault('the last voucher may vouch again', 'ledger/kinds/need.c',
          'return n->voucher != r->author ||',
          'return n->voucher != r->author || n->urgent_until == 0 ||'),
    # The common pool
    Fault('the pool pays beyond what a need asks', 'policies/pool.c',
          'smaller(c->minutes, c->asked > 0 ? c->asked : 0)', 'c->minutes', 'pool'),
    Fault('the pool pays for gifts', 'ledger/kinds/hours.c',
          '!h->has_need || h->gift ||', '!h->has_need ||', 'pool'),
    Fault('the budget of a quarter has no end', 'ledger/kinds/hours.c',
          'quarter.spent = quarter.budget - purse.left;', '', 'pool'),
    Fault('what is taken back stays paid', 'ledger/kinds/hours.c',
          '-back->minutes, -returns, p->other', '-back->minutes, 0 * returns, p->other', 'pool'),
    Fault('a fragile asker at its line pays its part', 'policies/pool.c',
          '        return 1000;\n    return rate;', '        return rate;\n    return rate;', 'pool'),
    Fault('under an agreement its own reservation is counted', 'ledger/kinds/hours.c',
          'pay_from_pool(r, &h, reserved.before);', 'pay_from_pool(r, &h, 0);', 'pool'),
    Fault('a line counts what the pool covers', 'ledger/kinds/kinds.c',
          '.extra_received = extra - note.covered,', '.extra_received = extra,', 'pool'),
    Fault('the pool takes more than a position holds', 'ledger/kinds/pool.c',
          'if (minutes > position &&', 'if (minutes > position + 1 &&', 'pool'),
    # Closings
    Fault('spare minutes go to the last', 'policies/pool.c',
          'return x->rest > y->rest ? -1 : 1;', 'return x->rest < y->rest ? -1 : 1;', 'closing'),
    Fault('who gives nothing is levied', 'ledger/kinds/calendar.c',
          'pool_weight(capacity, status.levy_permille)', 'pool_weight(capacity, 1000)', 'closing'),
    Fault('a status that just ended counts', 'ledger/kinds/calendar.c',
          'state_status_class(r->state, i, moment, &status)',
          'state_status_class(r->state, i, moment - 1, &status)', 'closing'),
    Fault('who left is levied', 'ledger/kinds/calendar.c',
          '!state_org(r->state, i, &org) || org.state != ORG_ACTIVE)\n            continue;\n'
          '        int64_t class', '!state_org(r->state, i, &org))\n            continue;\n'
          '        int64_t class', 'closing'),
    Fault('the fragile do not come first', 'ledger/kinds/calendar.c',
          'forgive(policy, &m, false, forgive(policy, &m, true, pool))',
          'forgive(policy, &m, true, forgive(policy, &m, false, pool))', 'closing'),
    Fault('forgiveness goes below the pool', 'ledger/kinds/calendar.c',
          'sum < there ? sum : there', 'there < 0 ? there : sum', 'closing'),
    Fault('what was spent stays spent', 'ledger/kinds/calendar.c',
          '    quarter.spent = 0;\n', '', 'closing'),
    # Crisis
    Fault('exactly a fifth is a crisis', 'policies/crisis.c',
          'urgent * 1000 > policy', 'urgent * 1000 >= policy', 'crisis'),
    Fault('the median is the upper one', 'policies/crisis.c',
          'rates[(n - 1) / 2]', 'rates[n / 2]', 'crisis'),
    Fault('a crisis does not widen lines', 'ledger/state_promises.c',
          'if (at < q.crisis_until)', 'if (at < q.crisis_until - q.crisis_until)', 'crisis'),
    Fault('what comes too late was found', 'ledger/kinds/hours.c',
          'if (need.life == LIFE_OPEN && minutes > 0)', 'if (minutes > 0)', 'crisis'),
    Fault('withdrawn needs are looked at', 'ledger/kinds/calendar.c',
          'n->life == LIFE_EXPIRED ? n->expires : -1', 'n->expires', 'crisis'),
    # Urgencies and status
    Fault('one urgency more than the quota', 'ledger/kinds/need.c',
          'if (so_far < quota)', 'if (so_far <= quota)', 'status'),
    Fault('a vouching with the panel counts', 'ledger/kinds/need.c',
          'if (e->need_ref.panel.n == 0) {', 'if (e->need_ref.panel.n < 99) {', 'status'),
    Fault('anybody is the panel', 'ledger/kinds/kinds.c',
          'ROLE_PANEL) <= r->at &&', 'ROLE_PANEL) < 0 &&', 'status'),
    Fault('a position leans from the last time on', 'ledger/books.c',
          'return before != 0 ? before : at;', 'return before != at ? at : before;', 'status'),
    Fault('an heir is looked at too early', 'ledger/kinds/org.c',
          'r->look_last = heir;', '', 'status'),
    # Promises and steps
    Fault('a cancelled promise is broken', 'ledger/kinds/agreement.c',
          'if (kept || life == LIFE_EXPIRED)', 'if (kept || life != LIFE_CLOSED)', 'promise'),
    Fault('a closed agreement keeps no promise', 'ledger/kinds/agreement.c',
          'life == LIFE_CLOSED || !gives_more', '!gives_more', 'promise'),
    Fault('who received all excuses', 'ledger/kinds/promise.c',
          'if (!gives_more(a, givers[i], r->author) ||', 'if (', 'promise'),
    Fault('excused promises count', 'ledger/state_promises.c',
          'if (p.excused)', 'if (p.excused && !p.broken)', 'step'),
    Fault('a step needs no promise broken since', 'policies/promise.c',
          'policy->promise_days * WINDOW_DAY_MS && facts->broken_since', 'policy->promise_days * '
          'WINDOW_DAY_MS', 'step'),
    Fault('a rung can be left out', 'policies/promise.c',
          'last->step >= step - 1', 'last->step >= step - 2', 'step'),
    Fault('an appeal suspends nothing', 'policies/promise.c',
          'promise_step_live(last, at) && !last->appealed', 'promise_step_live(last, at)', 'step'),
    Fault('whom a status is about may not erase its reason', 'ledger/kinds/status.c',
          '&b->reason, &status.org, 1)', '&b->reason, NULL, 0)', 'status'),
    Fault('whom a step is about may not erase its reason', 'ledger/kinds/step.c',
          '&b->reason, &org, 1)', '&b->reason, NULL, 0)', 'step'),
    Fault('a confirmed step is appealed again', 'ledger/kinds/step.c',
          'if (step.last.confirmed &&', 'if (!step.last.confirmed && step.last.appealed &&',
          'step'),
    Fault('a cosigner is asked for a step too late', 'ledger/kinds/agreement.c',
          '< PROMISE_COSIGNED)', '<= PROMISE_COSIGNED)', 'step'),
    Fault('what is urgent rests too', 'ledger/kinds/agreement.c',
          'if (!ask->urgent && step_in_force', 'if (step_in_force', 'step'),
    # Seals and assertions
    Fault('a seal comes a leaf late', 'ledger/kinds/seal.c',
          'state_size(s) - last.index > (uint64_t)', 'state_size(s) - last.index - 1 > (uint64_t)'),
    Fault('a seal may state another size', 'ledger/kinds/seal.c',
          'b->size != (int64_t)r->index', 'b->size < (int64_t)r->index'),
    Fault('a seal may have any id', 'ledger/kinds/seal.c',
          'if (memcmp(&id, &e->id, sizeof id) != 0)', 'if (e->id.b[0] != id.b[0])'),
    Fault('only the first signer turns its salt', 'ledger/rules.c',
          'i < r->signers->n; i++)', 'i < 1; i++)'),
    Fault('a salt forgets the leaves before', 'ledger/seal.c',
          'memcpy(both, chain, HASH_BYTES);', 'memset(both, 0, HASH_BYTES);'),
    Fault('a salt leaves the signatures out', 'ledger/seal.c',
          'leaf.data + lines, leaf.size - lines);', 'leaf.data + lines, 0);'),
    Fault('the pool keeps its salt', 'ledger/rules.c',
          'turn_salt(r, POOL, &inner);\n', '(void)inner;\n'),
    Fault('a seal leaves gifts out', 'ledger/seal.c',
          '.moves = org->moves,', '.moves = 0,'),
    Fault('promises need not be asserted as they are', 'ledger/kinds/assertion.c',
          'org->received_pending, b->received_pending}', 'org->received_pending, 0}'),
    # Members
    Fault('whoever leaves passes its minus on', 'ledger/kinds/org.c',
          'position > 0 ? heir : POOL', 'heir'),
    Fault('the last admin key can be revoked', 'ledger/kinds/key.c',
          'org->admin_keys == 1', 'org->admin_keys == 0'),
    # Refusals
    Fault('a refused id is forgotten', 'ledger/refuser.c',
          'if (e->valid_until >= job->at)', 'if (e->valid_until < job->at)', 'writer'),
    Fault('a refused id answers for any text', 'ledger/refuser.c',
          'if (!hash_equal(&kept->text_hash, &job->entry->text_hash)) {',
          'if (kept->text_hash.b[0] != job->entry->text_hash.b[0] && f == NULL) {', 'writer'),
    Fault('a refusal dies while its text still lives', 'ledger/refused.c',
          'memcmp(found.data, end.b, end.n) >= 0', 'memcmp(found.data, end.b, end.n) > 0',
          'refused'),
    Fault('what the rules of exchanges refuse is not final', 'ledger/refusals.c',
          'number < 800', 'number < 700', 'refusals'),
    # The audit
    Fault('a consequence is told as a finding', 'ledger/audit_doubt.c',
          'f->is_consequence = find_cause(', 'f->is_consequence = false && find_cause(', 'audit'),
    Fault('a consequence is told of the one before it', 'ledger/audit_doubt.c',
          'f->is_consequence ? f->of : index', 'f->index', 'audit'),
    Fault('the id of what was not applied is free again', 'ledger/audit_doubt.c',
          'audit_mark(a, MARK_ID, ref, index);', '(void)ref;', 'audit'),
    Fault('an id is forgotten a day early', 'ledger/audit_forget.c',
          'p->entry_days_max * WINDOW_DAY_MS - 1', '(p->entry_days_max - 1) * WINDOW_DAY_MS - 1',
          'audit'),
    Fault('what ended is forgotten a month early', 'ledger/audit_forget.c',
          'p->reference_days_max * WINDOW_DAY_MS', '(p->reference_days_max - 30) * WINDOW_DAY_MS',
          'audit'),
    # The sheet, and a year's statement
    Fault('gains stand in the order of minutes', 'ledger/sheet.c',
          'if (d->n_gains > 1) {', 'if (d->n_gains > 100) {', 'sheet'),
    Fault('one quarter of effort is enough for rest', 'ledger/sheet.c',
          '#define REST_YEARS 3', '#define REST_YEARS 2', 'sheet'),
    Fault('who left still depends on somebody', 'ledger/sheet.c',
          'bool above = o->active && ', 'bool above = ', 'sheet'),
    Fault('what came too late fills the gap', 'ledger/filled.c',
          'need->in_time < need->minutes ? need->in_time : need->minutes;',
          'need->served < need->minutes ? need->served : need->minutes;', 'sheet'),
    Fault('an old offer holds a skill', 'ledger/sheet.c',
          '(offer->renewed_at >= since || offer->published_at >= since)', '(since != 0)', 'sheet'),
    Fault('the deficit is that of a year', 'ledger/sheet_gather.c',
          'sum.minutes /= QUARTERS;', '', 'sheet'),
    Fault('years end with the quarter that runs', 'ledger/sheet.c',
          'to = window_day(begin > 0 ? begin - 1 : 0);', 'to = window_day(begin);', 'sheet'),
    Fault('positions of a past year are those of now', 'ledger/sheet.c',
          'w->past ? query_position_at(w->s, org, at) : org_position(org)', 'org_position(org)',
          'yearly'),
    Fault('closings stand in no position that was', 'ledger/query.c',
          'position += closing.forgiven - closing.levied;', '', 'yearly'),
    Fault('a closing at the first moment is of the year before', 'ledger/yearly.c',
          'struct closing c = {.moment = w->span->from - 1};',
          'struct closing c = {.moment = w->span->from};', 'yearly'),
    Fault('what was taken back counts as given', 'ledger/yearly.c',
          'int64_t minutes = h->sign * share->minutes;', 'int64_t minutes = share->minutes;',
          'yearly'),
    Fault('what the pool paid was a gift', 'ledger/yearly.c',
          'if (hours.gift) {', 'if (hours.sign > 0) {', 'yearly'),
    Fault('an excused promise is a broken one', 'ledger/yearly.c',
          'p.broken && !p.excused', 'p.broken', 'yearly'),
    Fault('whoever leaves hands over to the pool what an heir got', 'ledger/yearly_network.c',
          'record.kind == KIND_ORG_LEAVE', 'false', 'yearly'),
    # Witnesses
    Fault('a witness does not compare the old size', 'ledger/witness.c',
          'if (s->old_size != last.size) {', 'if (s->old_size > last.size) {', 'witness'),
    Fault('a witness needs no proof', 'ledger/witness.c',
          'return merkle_verify_consistency(', 'return true || merkle_verify_consistency(',
          'witness'),
    Fault('a witness forgets what it has cosigned', 'ledger/witness.c',
          'held == NULL || held->head.size != s->head.size', 'held == NULL', 'witness'),
    # The common pool
    Fault('the pool pays for what a need no longer asks', 'policies/pool.c',
          'return smaller(c->minutes, c->asked > 0 ? c->asked : 0);', 'return c->minutes;', 'pool'),
    Fault('below its line a fragile asker is paid for as any other', 'policies/pool.c',
          '< -c->floor)', '< -c->floor - 100000000)', 'pool'),
    Fault('an asker exactly at its line is below it', 'policies/pool.c',
          '< -c->floor)', '<= -c->floor)', 'pool'),
    Fault('each share has all eligible minutes', 'policies/pool.c',
          'purse->eligible -= dealt;', ''),
    Fault('a reversal gives back what is rounded up', 'policies/pool.c',
          '(__int128)paid * (left - back) / left',
          '((__int128)paid * (left - back) + left - 1) / left', 'pool'),
    Fault('under an agreement urgency counts what it reserves', 'ledger/kinds/hours.c',
          'urgent_for(&need, h->pairs, h->n, reserved),',
          'urgent_for(&need, h->pairs, h->n, 0 * reserved),', 'pool'),
    Fault('the pool pays for gifts', 'ledger/kinds/hours.c',
          '!h->has_need || h->gift || ', '!h->has_need || ', 'pool'),
    Fault('what the pool pays is in no day', 'ledger/state_flows.c',
          'd.pooled += pooled;', 'd.pooled += 0 * pooled;', 'pool'),
    Fault('all that is reserved for others is covered by the pool', 'ledger/kinds/kinds.c',
          'return smaller(ask->still_asks, quarter.budget - quarter.spent);',
          'return quarter.budget - quarter.spent;', 'pool'),
    # Closings and crises
    Fault('of equal remainders the last gives first', 'policies/pool.c',
          'y->rest ? -1 : 1;\n    return x->place < y->place ? -1 : x->place > y->place;',
          'y->rest ? -1 : 1;\n    return x->place < y->place ? 1 : -1;', 'closing'),
    Fault('a levy begins within the band', 'policies/pool.c',
          'return (minutes - policy->forgive_band) / divisor;', 'return minutes / divisor;', 'closing'),
    Fault('the fragile are forgiven last', 'ledger/kinds/calendar.c',
          'forgive(policy, &m, false, forgive(policy, &m, true, pool));',
          'forgive(policy, &m, true, forgive(policy, &m, false, pool));', 'closing'),
    Fault('who has no weight adds to the budget', 'ledger/kinds/calendar.c',
          'contributing += m->v[i].weight > 0;', 'contributing++;', 'closing'),
    Fault('a quarter begins as if its budget were spent', 'ledger/kinds/calendar.c',
          'quarter.spent = 0;', '', 'closing'),
    Fault('a status lasts for ever', 'ledger/state_promises.c',
          '!state_status(s, org, &status) || at >= status.until',
          '!state_status(s, org, &status) || at < 0', 'status'),
    Fault('a need that expires at the month itself counts', 'ledger/kinds/calendar.c',
          'ended < from || ended >= moment', 'ended < from || ended > moment'),
    Fault('a crisis begins while one is in force', 'ledger/kinds/calendar.c',
          'if (moment < quarter.crisis_until || (', 'if (('),
    Fault('lines stay wide after a crisis', 'ledger/state_promises.c',
          'if (at < q.crisis_until)', 'if (at > 0 && q.crisis_until > 0)', 'crisis'),
    # Promises, steps, leaning
    Fault('what is excused gives reason for a step', 'ledger/state_promises.c',
          'if (p.excused)\n            continue;', '', 'step'),
    Fault('a promise counts a day too long', 'ledger/kinds/step.c',
          'window_first_day(today, policy->promise_days)',
          'window_first_day(today, policy->promise_days + 1)'),
    Fault('a step may follow for ever', 'policies/promise.c',
          'at < end + policy->promise_days * WINDOW_DAY_MS && facts->broken_since',
          'at >= 0 && end >= 0 && policy && facts->broken_since', 'step'),
    Fault('a coordinator may end any step', 'ledger/kinds/step.c',
          'if (step->last.step > PROMISE_MEETING &&\n        !refuse_handle(',
          'if (step->last.step > PROMISE_PAUSED &&\n        !refuse_handle(', 'step'),
    Fault('who promised before is asked for a cosigner at step 2', 'ledger/kinds/agreement.c',
          '< PROMISE_COSIGNED)', '< PROMISE_MEETING)'),
    Fault('a quota is for ever', 'ledger/kinds/need.c',
          'return asker->urgent_quarter == calendar_quarter(r->at) ?',
          'return r->at > 0 ?', 'status'),
    Fault('who leans is looked at without moving', 'ledger/books.c',
          '    if (owed)\n        look_at_line(r, &w->after);', '    look_at_line(r, &w->after);'),
]


class Tree:
    """A copy of sources and objects in which one fault at a time is made."""

    def __init__(self, path):
        self.path = path
        for folder in FOLDERS:
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(path, folder))
        for name in ('Makefile', 'SPEC.md'):
            shutil.copy2(os.path.join(ROOT, name), path)
        for folder in FOLDERS:
            objects = os.path.join(ROOT, BUILD, folder)
            if os.path.isdir(objects):
                shutil.copytree(objects, os.path.join(path, 'build', folder))
        self.build()

    def build(self):
        done = subprocess.run(
            ['make', '-s', 'BUILD=build', 'build/tests/test-ledger'], cwd=self.path,
            capture_output=True, text=True, check=False,
            env={k: v for k, v in os.environ.items() if k not in ('MAKEFLAGS', 'MFLAGS', 'BUILD')})
        if done.returncode != 0:
            raise RuntimeError('does not build: ' + (done.stderr or done.stdout).strip()[:400])

    def test(self, suite):
        """True when the suite passes, and its output."""
        try:
            done = subprocess.run(
                ['build/tests/test-ledger', '--filter', f'{suite}/*', '--jobs=1'], cwd=self.path,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False,
                env={**os.environ, 'SEM_SEEDS': SEEDS})
        except subprocess.TimeoutExpired:
            return False, 'it does not end'
        output = done.stdout.decode('utf-8', 'replace')
        if not re.search(r'^\[====\] Synthesis: Tested: [1-9]', output, re.M):
            raise RuntimeError('no test ran: ' + output.strip()[-400:])
        return done.returncode == 0, output

    def try_fault(self, fault):
        """True when the fault is found, and how."""
        path = os.path.join(self.path, fault.file)
        binary = os.path.join(self.path, 'build', fault.file[:-2] + '.o')
        with open(path, encoding='utf-8') as f:
            text = f.read()
        places = text.count(fault.old)
        if places != 1:
            return False, f'its old text stands {places} times in {fault.file}'
        before = os.stat(path)
        shutil.copy2(binary, binary + '.good')
        try:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text.replace(fault.old, fault.new))
            self.build()
            passes, output = self.test(fault.suite)
        finally:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            os.replace(binary + '.good', binary)
            os.utime(binary)
        if passes:
            return False, 'not found'
        told = re.search(r'^(histories: .*|.*[Aa]ssertion .*failed.*|.*Unexpected .*)$', output, re.M)
        return True, told.group(1) if told else 'it fails'


def model_stands_alone():
    """What in tests/model/ comes from anywhere but libc and tests/model/."""
    folder = os.path.join(ROOT, 'tests', 'model')
    libc = r'<(assert|inttypes|std(arg|bool|def|int|io|lib)|string)\.h>'
    foreign = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding='utf-8') as f:
            for what in re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"][^>"]+[>"])', f.read(), re.M):
                if not re.fullmatch(libc + r'|"tests/model/\w+\.h"', what):
                    foreign.append(f'{name} includes {what}')
    return foreign


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, good, name, how):
        self.passed += good
        self.failed += not good
        if VERBOSE or not good:
            print(f'{"ok" if good else "FAILED"} - {name}: {how[:240]}', flush=True)


def run(faults, folder):
    count = Count()
    foreign = model_stands_alone()
    count.add(not foreign, 'tests/model/ stands alone', '; '.join(foreign) or 'libc only')
    first = Tree(os.path.join(folder, '0'))
    for suite in sorted({fault.suite for fault in faults}):
        passes, output = first.test(suite)
        count.add(passes, f'suite {suite} passes without a fault',
                  output.strip()[:2000] if not passes else '')
    if count.failed:
        return count
    trees = queue.Queue()
    trees.put(first)
    for i in range(1, max(1, min(JOBS, len(faults)))):
        trees.put(Tree(os.path.join(folder, str(i))))

    def attempt(fault):
        tree = trees.get()
        try:
            return tree.try_fault(fault)
        except RuntimeError as e:
            return False, str(e)
        finally:
            trees.put(tree)

    with concurrent.futures.ThreadPoolExecutor(trees.qsize()) as pool:
        for fault, (found, how) in zip(faults, pool.map(attempt, faults)):
            count.add(found, fault.name, how)
    return count


def main(arguments):
    global VERBOSE
    VERBOSE = '-v' in arguments
    names = [a for a in arguments if a != '-v']
    faults = [f for f in FAULTS if not names or any(n in f.name for n in names)]
    with tempfile.TemporaryDirectory(prefix='sem-faults-') as folder:
        count = run(faults, folder)
    print(f'{count.passed} passed, {count.failed} failed')
    return 1 if count.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
