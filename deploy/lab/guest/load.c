/*
 * The load of a lab guest: uses CPU in a duty cycle, dirties memory at a rate, and says once per second on the console
 * that it lives. What it says is the proof that exactly one copy of the guest runs: all copies write to one file, and
 * the counter in it must go up by one per line.
 *
 *   load CONTROL-FILE CONSOLE
 *
 * The control file holds words such as "cpu=50 ws=16 rate=20": percent of each vCPU, MiB of working set, MiB/s written.
 * It is read again every second, so that load can be changed while the guest runs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20, TICKS_PER_SECOND = 20, MOST_VCPUS = 16 };

static atomic_int cpu_percent, working_set_mib, rate_mib;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void rest_ns(int64_t ns)
{
    struct timespec t = { ns / 1000000000LL, ns % 1000000000LL };
    if (ns > 0)
        nanosleep(&t, NULL);
}

static int number_after(const char *text, const char *key, int otherwise)
{
    const char *found = strstr(text, key);
    return found ? atoi(found + strlen(key)) : otherwise;
}

static void read_control(const char *path)
{
    char text[256] = "";
    int file = open(path, O_RDONLY);
    if (file < 0)
        return;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return;
    cpu_percent = number_after(text, "cpu=", cpu_percent);
    working_set_mib = number_after(text, "ws=", working_set_mib);
    rate_mib = number_after(text, "rate=", rate_mib);
}

/* One per vCPU: busy for cpu_percent of each 100 ms. */
static void *burn(void *unused)
{
    (void)unused;
    for (;;) {
        int64_t busy = cpu_percent * 1000000LL, start = now_ns();
        volatile unsigned spin = 0;
        while (busy > 0 && now_ns() - start < busy)
            for (int i = 0; i < 1000; i++)
                spin++;
        rest_ns(100000000LL - (now_ns() - start));
    }
    return NULL;
}

/* Writes one word into each page of the working set, round and round, at the asked rate. */
static void *dirty(void *unused)
{
    (void)unused;
    unsigned char *memory = NULL;
    size_t size = 0, at = 0;
    uint64_t value = 0;
    for (;;) {
        int64_t start = now_ns();
        size_t wanted = (size_t)working_set_mib * MIB;
        if (wanted != size) {
            if (memory)
                munmap(memory, size);
            memory = wanted ? mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
            if (memory == MAP_FAILED)
                memory = NULL;
            size = memory ? wanted : 0;
            at = 0;
        }
        for (size_t left = (size_t)rate_mib * MIB / TICKS_PER_SECOND; size && left >= PAGE; left -= PAGE) {
            *(uint64_t *)(memory + at) = ++value;
            at = (at + PAGE) % size;
        }
        rest_ns(1000000000LL / TICKS_PER_SECOND - (now_ns() - start));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: load CONTROL-FILE CONSOLE\n");
        return 2;
    }
    const char *control = argv[1];
    int console = open(argv[2], O_WRONLY | O_NOCTTY);
    pthread_t thread;
    read_control(control);
    for (long i = 0, n = sysconf(_SC_NPROCESSORS_CONF); i < n && i < MOST_VCPUS; i++)
        pthread_create(&thread, NULL, burn, NULL);
    pthread_create(&thread, NULL, dirty, NULL);

    /* The gap is the longest time between two 50 ms looks at the clock: how long the guest itself stood still. */
    int64_t last = now_ns(), gap = 0;
    for (unsigned long beat = 1;; beat++) {
        for (int i = 0; i < 20; i++) {
            rest_ns(50000000LL);
            int64_t now = now_ns();
            if (now - last > gap)
                gap = now - last;
            last = now;
        }
        char line[128];
        int length = snprintf(line, sizeof line, "BEAT %lu gap_ms=%lld cpu=%d ws=%d rate=%d\n", beat,
                              (long long)(gap / 1000000), cpu_percent, working_set_mib, rate_mib);
        if (write(console, line, length) < 0)
            console = open(argv[2], O_WRONLY | O_NOCTTY);
        gap = 0;
        read_control(control);
    }
}
