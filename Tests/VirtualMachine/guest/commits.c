// commits STORE: prints what each commit brought, with the time (ms since 1970) at which another process could see it.
//   commit TIME NUMBER
//   series TIME PERSON METRIC SOURCE COUNT LAST-SAMPLE-TIME
//   event TIME KIND PHASE RULE TITLE
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK) return statement;
    fprintf(stderr, "commits: %s\n", sqlite3_errmsg(db));
    exit(1);
}

int main(int count, char **arguments) {
    sqlite3 *db;
    if (count != 2) return 2;
    while (access(arguments[1], R_OK)) usleep(20000);
    setvbuf(stdout, NULL, _IOLBF, 0);
    sqlite3_stmt *version, *series, *events, *head;
    // A store in the making has no tables yet.
    for (;;) {
        if (sqlite3_open_v2(arguments[1], &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
            sqlite3_exec(db, "SELECT 1 FROM chunks, head LIMIT 1", NULL, NULL, NULL) == SQLITE_OK)
            break;
        sqlite3_close(db);
        usleep(20000);
    }
    sqlite3_busy_timeout(db, 1000);
    version = prepare(db, "PRAGMA data_version");
    head = prepare(db, "SELECT sequence FROM head");
    series = prepare(db, "SELECT s.id, coalesce(p.name, '-'), coalesce(m.name, '-'), coalesce(d.name, '-'), s.count, s.last "
                         "FROM series s LEFT JOIN person p ON p.id = s.person LEFT JOIN metric m ON m.id = s.metric "
                         "LEFT JOIN device d ON d.id = s.source");
    events = prepare(db, "SELECT number, kind, phase, rule, title FROM event WHERE number > ? ORDER BY number");
    static long long counted[4096];
    for (long long seen = -1, event = 0;; usleep(20000)) {
        sqlite3_step(version);
        long long current = sqlite3_column_int64(version, 0);
        sqlite3_reset(version);
        if (current == seen) continue;
        seen = current;
        long long at = now();
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        if (sqlite3_step(head) == SQLITE_ROW) printf("commit %lld %lld\n", at, sqlite3_column_int64(head, 0));
        sqlite3_reset(head);
        while (sqlite3_step(series) == SQLITE_ROW) {
            long long id = sqlite3_column_int64(series, 0) & 4095, samples = sqlite3_column_int64(series, 4);
            if (counted[id] == samples) continue;
            counted[id] = samples;
            printf("series %lld %s %s %s %lld %lld\n", at, sqlite3_column_text(series, 1), sqlite3_column_text(series, 2),
                   sqlite3_column_text(series, 3), samples, sqlite3_column_int64(series, 5));
        }
        sqlite3_reset(series);
        sqlite3_bind_int64(events, 1, event);
        while (sqlite3_step(events) == SQLITE_ROW) {
            event = sqlite3_column_int64(events, 0);
            printf("event %lld %s %s %s %s\n", at, sqlite3_column_text(events, 1), sqlite3_column_text(events, 2),
                   sqlite3_column_text(events, 3), sqlite3_column_text(events, 4));
        }
        sqlite3_reset(events);
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
}
