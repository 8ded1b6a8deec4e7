/* Two threads take two locks in opposite order. */
#include <pthread.h>
#include <unistd.h>

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

static void *take(void *first) {
    int one = first != NULL;
    pthread_mutex_lock(&locks[one]);
    usleep(200000);
    pthread_mutex_lock(&locks[!one]);
    return NULL;
}

int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, take, locks) != 0) return 1;
    take(NULL);
    return 0;
}
