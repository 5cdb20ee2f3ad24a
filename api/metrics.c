/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "api/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/conns.h"
#include "api/cosign.h"
#include "api/routes.h"
#include "api/server.h"
#include "ledger/witness_policy.h"

static void family(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void figure(FILE *out, const char *name, const char *type, const char *help, double value)
{
    family(out, name, type, help);
    fprintf(out, "%s %.17g\n", name, value);
}

static void write_requests(FILE *out, struct stats *stats)
{
    family(out, "sem_http_requests_total", "counter", "Answered requests by route and status.");
    for (size_t r = 0; r <= n_routes; r++) {
        for (int i = 0; i <= STATS_STATUS_MAX - STATS_STATUS_MIN; i++) {
            uint64_t n = atomic_load(&stats->requests[r][i]);

            if (n > 0) {
                fprintf(out, "sem_http_requests_total{route=\"%s%s%s\",code=\"%d\"} %" PRIu64 "\n",
                        r < n_routes ? routes[r].method : "", r < n_routes ? " " : "",
                        r < n_routes ? routes[r].path : "none", i + STATS_STATUS_MIN, n);
            }
        }
    }
}

static void write_append(FILE *out, struct stats *stats)
{
    uint64_t n = 0;

    family(out, "sem_append_duration_seconds", "histogram",
           "From the hand-over of an entry to its durable commit.");
    for (size_t i = 0; i < STATS_BUCKETS - 1; i++) {
        n += atomic_load(&stats->append_bucket[i]);
        fprintf(out, "sem_append_duration_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                (double)stats_bucket_us[i] / 1e6, n);
    }
    n += atomic_load(&stats->append_bucket[STATS_BUCKETS - 1]);
    fprintf(out, "sem_append_duration_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", n);
    fprintf(out, "sem_append_duration_seconds_sum %g\nsem_append_duration_seconds_count %" PRIu64
            "\n", (double)atomic_load(&stats->append_us_total) / 1e6, n);
}

static void write_writer(FILE *out, struct writer *writer)
{
    struct writer_stats w;

    writer_stats(writer, &w);
    figure(out, "sem_log_entries_total", "counter", "Entries under the newest signed head.",
           (double)w.size);
    figure(out, "sem_entries_refused_total", "counter", "Entries that the writer refused.",
           (double)w.refused);
    figure(out, "sem_commits_total", "counter", "Batches made durable.", (double)w.batches);
    figure(out, "sem_commit_seconds_total", "counter", "Time spent on them.",
           (double)w.commit_us_total / 1e6);
    figure(out, "sem_store_commits_total", "counter", "Commits of the store, of many batches each.",
           (double)w.settles);
    figure(out, "sem_queue_length", "gauge", "Entries waiting for the writer.",
           (double)w.queue_length);
    figure(out, "sem_read_only", "gauge", "1 when no entry is taken.",
           writer_read_only(writer) ? 1 : 0);
}

static void write_store(FILE *out, struct store *store)
{
    struct store_room room;

    store_room(store, &room);
    figure(out, "sem_db_size_bytes", "gauge", "Bytes used of the database map.",
           (double)room.used_bytes);
    figure(out, "sem_db_map_used_ratio", "gauge", "Used share of the database map.",
           room.map_bytes ? (double)room.used_bytes / (double)room.map_bytes : 0);
    figure(out, "sem_disk_free_bytes", "gauge", "Bytes left on the disk of the database.",
           (double)room.disk_free_bytes);
}

/* The text of a label: what could end it is escaped. */
static void label(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

static void write_witnesses(FILE *out, struct cosign *cosign)
{
    struct cosign_status status[POLICY_WITNESSES_MAX];
    size_t n = cosign_witnesses(cosign, status, POLICY_WITNESSES_MAX);
    uint64_t version;

    figure(out, "sem_cosigned_entries", "gauge", "Entries under the head that has its quorum.",
           (double)cosign_size(cosign, &version));
    family(out, "sem_witness_cosigned_entries", "gauge",
           "Entries under the largest head that the witness cosigned since the start.");
    for (size_t i = 0; i < n; i++) {
        fputs("sem_witness_cosigned_entries{witness=\"", out);
        label(out, status[i].name);
        fprintf(out, "\"} %" PRIu64 "\n", status[i].size);
    }
    family(out, "sem_witness_up", "gauge", "1 when the witness cosigned what it was asked for.");
    for (size_t i = 0; i < n; i++) {
        fputs("sem_witness_up{witness=\"", out);
        label(out, status[i].name);
        fprintf(out, "\"} %d\n", status[i].answers);
    }
}

static void write_all(FILE *out, struct server *s)
{
    int64_t now = writer_now_monotonic_ms();

    family(out, "sem_build_info", "gauge", "The version as a label.");
    fprintf(out, "sem_build_info{version=\"%s\"} 1\n", VERSION);
    figure(out, "sem_uptime_seconds", "gauge", "Time since the start.",
           (double)(now - s->started_ms) / 1e3);
    write_writer(out, s->writer);
    write_store(out, s->node->store);
    if (s->cosign) {
        write_witnesses(out, s->cosign);
    }
    write_append(out, &s->stats);
    write_requests(out, &s->stats);
    figure(out, "sem_verify_failures_total", "counter", "Signatures that did not verify.",
           (double)atomic_load(&s->stats.verify_failures));
    figure(out, "sem_connections", "gauge", "Open connections.", (double)conns_count(s->conns));
    figure(out, "sem_connections_cut_total", "counter", "Connections cut at a deadline.",
           (double)atomic_load(&s->stats.connections_cut));
    figure(out, "sem_sessions", "gauge", "Open sessions.",
           (double)sessions_count(s->sessions, now));
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text,
                              size_t n)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "text/plain; version=0.0.4; charset=utf-8");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **context)
{
    bool found = strcmp(url, "/metrics") == 0 && strcmp(method, MHD_HTTP_METHOD_GET) == 0;
    char *text = NULL;
    size_t n = 0;
    FILE *out;

    (void)version;
    (void)data;
    (void)context;
    if (*data_size > 0) {
        return MHD_NO;
    }
    out = open_memstream(&text, &n);
    if (!out) {
        return MHD_NO;
    }
    if (found) {
        write_all(out, cls);
    } else {
        fputs("only GET /metrics is here\n", out);
    }
    if (fclose(out) != 0) {
        free(text);
        return MHD_NO;
    }
    return answer(connection, found ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND, text, n);
}

struct MHD_Daemon *metrics_start(struct server *server, int listen_fd)
{
    /* Without ITC it does not hear that it shall end while all its places are taken. */
    return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_access,
                            server, MHD_OPTION_LISTEN_SOCKET, listen_fd,
                            MHD_OPTION_CONNECTION_LIMIT, 32u, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_END);
}
