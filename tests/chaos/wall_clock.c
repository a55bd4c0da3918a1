/* The wall clock of a process, ahead or behind by what a file says: preloaded, it stands between the process and libc.

   The file holds one number of 64 bits, nanoseconds, and is mapped: whoever writes it lets the clock jump at that moment.
   Clocks that run by themselves (CLOCK_MONOTONIC) stay as they are. The kernel knows nothing of the jump, so waits that end
   at a moment of the wall clock are told the kernel's moment. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static volatile const int64_t *offset;

__attribute__((constructor)) static void map_offset(void) {
    const char *path = getenv("CROSSWALK_CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) offset = mapped;
    close(file);
}

static struct timespec moved(struct timespec at, int64_t by) {
    int64_t nanoseconds = (int64_t)at.tv_sec * SECOND + at.tv_nsec + by;
    return (struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND};
}

static int64_t ahead(void) { return offset ? *offset : 0; }

/* A moment of the wall clock; those of clocks that began with the machine are decades smaller. */
static int is_wall(const struct timespec *at) { return at && at->tv_sec > 1000000000; }

int clock_gettime(clockid_t clock, struct timespec *at) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int failed = real ? real(clock, at) : (int)syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *at = moved(*at, ahead());
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *at = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    static __typeof__(&pthread_cond_timedwait) real;
    if (!real) real = (__typeof__(real))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real) real = REAL(pthread_cond_timedwait);
    struct timespec there = is_wall(until) ? moved(*until, -ahead()) : *until;
    return real(cond, mutex, &there);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    static __typeof__(&sem_timedwait) real;
    if (!real) real = REAL(sem_timedwait);
    struct timespec there = moved(*until, -ahead());
    return real(semaphore, &there);
}

long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list given;
    va_start(given, number);
    long a = va_arg(given, long), b = va_arg(given, long), c = va_arg(given, long);
    long d = va_arg(given, long), e = va_arg(given, long), f = va_arg(given, long);
    va_end(given);
    struct timespec there;
    if (number == SYS_futex && (b & FUTEX_CLOCK_REALTIME) && is_wall((const struct timespec *)d)) {
        there = moved(*(const struct timespec *)d, -ahead());
        d = (long)&there;
    }
    return real(number, a, b, c, d, e, f);
}
