/* SPDX-License-Identifier: GPL-2.0-only */
#include "bus/client.h"

#include "bus/test_serve.h"

static struct bus_client *dial(struct bench *b, int timeout_ms)
{
	struct bus_client *client = NULL;
	struct diag d = { 0 };

	assert_int_equal(bus_client_new(b->path, timeout_ms, &client, &d), 0);
	assert_int_equal(d.entries.n, 0);
	return client;
}

static void test_call(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 20000);
	struct bus_reply reply = { 0 };
	struct diag d = { 0 };

	assert_int_equal(bus_client_call(client, "io.weir.Echo", json_pack("{ss}", "text", "hi"),
					 &reply, &d),
			 0);
	assert_null(reply.error);
	assert_string_equal(json_string_value(json_object_get(reply.parameters, "text")), "hi");
	bus_reply_free(&reply);
	assert_int_equal(bus_client_call(client, "io.weir.Ecko", NULL, &reply, &d), 0);
	assert_string_equal(reply.error, "org.varlink.service.MethodNotFound");
	bus_reply_free(&reply);
	bus_client_free(client);
	serve_stop(server);
}

/* An answer of many megabytes, far beyond any socket buffer. */
static void test_large(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 20000);
	struct bus_reply reply = { 0 };
	struct diag d = { 0 };

	assert_int_equal(bus_client_call(client, "io.weir.Echo",
					 json_pack("{so}", "text", json_sprintf("%0900000d", 7)),
					 &reply, &d),
			 0);
	assert_int_equal(json_string_length(json_object_get(reply.parameters, "text")), 900000);
	bus_reply_free(&reply);
	bus_client_free(client);
	serve_stop(server);
}

/* More than the server takes: its words arrive although it stopped reading. */
static void test_oversize(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 20000);
	struct bus_reply reply = { 0 };
	struct diag d = { 0 };

	assert_int_equal(bus_client_call(client, "io.weir.Echo",
					 json_pack("{so}", "text", json_sprintf("%09000000d", 7)),
					 &reply, &d),
			 0);
	assert_string_equal(reply.error, "io.weir.BadMessage");
	bus_reply_free(&reply);
	bus_client_free(client);
	serve_stop(server);
}

static int on_count(const struct bus_reply *reply, void *userdata)
{
	json_int_t *sum = userdata;

	*sum += json_integer_value(json_object_get(reply->parameters, "at"));
	return *sum == 6 ? 77 : 0; /* 1 + 2 + 3 */
}

static void test_follow(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 20000);
	struct diag d = { 0 };
	json_int_t sum = 10;

	assert_int_equal(bus_client_follow(client, "io.weir.Count",
					   json_pack("{si si}", "to", 100, "size", 10), on_count,
					   &sum, &d),
			 0);
	assert_int_equal(sum, 10 + 5050);
	sum = 0;
	assert_int_equal(bus_client_follow(client, "io.weir.Count",
					   json_pack("{si si}", "to", 100, "size", 10), on_count,
					   &sum, &d),
			 77);
	assert_int_equal(d.entries.n, 0);
	bus_client_free(client);
	serve_stop(server);
}

static void test_timeout(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 50);
	struct bus_reply reply = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(bus_client_call(client, "io.weir.Later", NULL, &reply, &d), -ETIMEDOUT);
	assert_string_equal(d.entries.at[0].text,
			    "io.weir.Later: the daemon did not answer in time");
	bus_client_free(client);
	serve_stop(server);
}

static void test_server_dies(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 20000);
	struct bus_reply reply = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	serve_stop(server);
	assert_int_equal(bus_client_call(client, "io.weir.Later", NULL, &reply, &d), -ECONNRESET);
	assert_string_equal(d.entries.at[0].text,
			    "io.weir.Later: the daemon closed the connection");
	bus_client_free(client);
}

static volatile sig_atomic_t stopped;

static void on_signal(int signal_number)
{
	stopped = 1;
}

/* The signal comes before the wait begins: it must end it all the same. */
static void test_stop(void **state)
{
	struct bench *b = *state;
	pid_t server = serve_start(b);
	struct bus_client *client = dial(b, 0);
	struct bus_reply reply = { 0 };
	struct sigaction act = { .sa_handler = on_signal }, old;
	_cleanup_diag_ struct diag d = { 0 };
	sigset_t set, before;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
	assert_int_equal(sigaction(SIGUSR1, &act, &old), 0);
	bus_client_set_stop(client, &stopped);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(stopped, 0);
	(void)alarm(20);
	assert_int_equal(bus_client_call(client, "io.weir.Later", NULL, &reply, &d), -EINTR);
	(void)alarm(0);
	assert_int_equal(d.entries.n, 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	bus_client_free(client);
	serve_stop(server);
}

static void expect_no_connection(const char *path, int error, const char *words)
{
	struct bus_client *client = NULL;
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(bus_client_new(path, 1000, &client, &d), error);
	assert_null(client);
	assert_int_equal(d.entries.n, 1);
	assert_non_null(strstr(d.entries.at[0].text, words));
}

static void test_no_daemon(void **state)
{
	struct bench *b = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	expect_no_connection(b->path, -ENOENT, "no daemon answers at");
	expect_no_connection("/etc/passwd", -ECONNREFUSED, "no daemon answers at");
	expect_no_connection("", -ENOENT, "no daemon answers at");
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", b->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	expect_no_connection(b->path, -EPROTOTYPE, "this socket is not a bus");
	(void)close(fd);
	assert_int_equal(unlink(b->path), 0);
}

static void test_no_permission(void **state)
{
	struct bench *b = *state;
	int status;
	pid_t child;

	if (geteuid()) {
		print_message("# skipped: becoming another user takes root\n");
		skip();
	}
	bench_start(b);
	(void)fflush(NULL);
	child = fork();
	if (!child) {
		struct bus_client *client = NULL;
		struct diag d = { 0 };
		int r;

		if (setgid(54323) || setuid(54323))
			_exit(1);
		r = bus_client_new(b->path, 1000, &client, &d);
		_exit(r == -EACCES && strstr(d.entries.at[0].text, "no permission") ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_call),   TEST(test_large),	 TEST(test_oversize),
		TEST(test_follow), TEST(test_timeout),	 TEST(test_server_dies),
		TEST(test_stop),   TEST(test_no_daemon), TEST(test_no_permission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
