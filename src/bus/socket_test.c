/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may talk, proved with real processes of other users; and the socket's life in the file system. */
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>

#include "bus/test_bench.h"

/* Numbers that no account of the machine needs to have. */
#define READERS 54321
#define ADMINS 54322
#define SOMEBODY 54323

#define READ_CALL "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"hi\"}}"
#define WRITE_CALL "{\"method\":\"io.weir.Write\"}"

/* --- roles ---------------------------------------------------------------------------------- */

/* The child's exit status: the errno of connect, or 200 + index of the answer it got. */
static const char *const answers[] = { "\"parameters\":{\"text\":\"hi\"}",
				       "{\"count\":", "org.varlink.service.PermissionDenied" };
#define GOT(i) (200 + (i))

static void child_call(const char *path, const char *call)
{
	/* Where a test wants two calls, a newline parts them. */
	char text[512];
	size_t len = strlen(call) + 1;

	char answer[1024] = "";
	int fd = bench_connect(path);

	(void)alarm(20);
	if (fd < 0)
		_exit(-fd);
	/* A refused caller may find the door shut before it has spoken; it is told why all the same. */
	for (size_t i = 0; i < len; i++)
		text[i] = call[i] == '\n' ? 0 : call[i];
	(void)send(fd, text, len, MSG_NOSIGNAL);
	(void)recv(fd, answer, sizeof(answer) - 1, 0);
	for (unsigned i = 0; i < ARRAY_LEN(answers); i++)
		if (strstr(answer, answers[i]))
			_exit(GOT(i));
	_exit(255);
}

static void become(uid_t uid, gid_t gid, gid_t extra)
{
	gid_t groups[101];

	for (unsigned i = 0; i < 100; i++) /* more than fit a first guess of 64 */
		groups[i] = 60000 + i;
	groups[100] = extra;
	if (setgroups(extra ? 101 : 0, groups) || setgid(gid) || setuid(uid))
		_exit(254);
}

static int ask_as(struct bench *b, uid_t uid, gid_t gid, gid_t extra, const char *call)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (!child) {
		become(uid, gid, extra);
		child_call(b->path, call);
	}
	while (!waitpid(child, &status, WNOHANG))
		assert_true(sd_event_run(b->event, 1000) >= 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void start_with_groups(struct bench *b)
{
	b->config.groups = (struct bus_groups){ .read = READERS, .admin = ADMINS };
	bench_start(b);
}

static bool need_root(void)
{
	if (!geteuid())
		return true;
	print_message("# skipped: becoming other users takes root\n");
	skip();
	return false;
}

static void test_reader(void **state)
{
	struct bench *b = *state;

	if (!need_root())
		return;
	start_with_groups(b);
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, READERS, READ_CALL), GOT(0));
	assert_int_equal(ask_as(b, SOMEBODY, READERS, 0, READ_CALL), GOT(0));
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, READERS, WRITE_CALL), GOT(2));
	assert_int_equal(b->writes, 0);
	assert_int_equal(bench_stat(b, denied), 1);
	/* The connection itself was good. */
	assert_int_equal(bench_stat(b, refused_permission), 0);
}

/* `oneway` is no way around: it is refused without a word. */
static void test_reader_oneway(void **state)
{
	struct bench *b = *state;

	if (!need_root())
		return;
	start_with_groups(b);
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, READERS,
				"{\"method\":\"io.weir.Write\",\"oneway\":true}\n" READ_CALL),
			 GOT(0));
	assert_int_equal(bench_stat(b, denied), 1);
	assert_int_equal(b->writes, 0);
}

static void test_admin(void **state)
{
	struct bench *b = *state;

	if (!need_root())
		return;
	start_with_groups(b);
	/* The file itself keeps out who is not in its group: make it only the roles that decide. */
	assert_int_equal(chmod(b->path, 0666), 0);
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, ADMINS, WRITE_CALL), GOT(1));
	assert_int_equal(ask_as(b, SOMEBODY, ADMINS, 0, READ_CALL), GOT(0));
	assert_int_equal(ask_as(b, 0, 0, 0, WRITE_CALL), GOT(1));
	assert_int_equal(b->writes, 2);
}

static void test_nobody(void **state)
{
	struct bench *b = *state;

	if (!need_root())
		return;
	start_with_groups(b);
	/* First door: the file. Second door: the credentials. */
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, 0, READ_CALL), EACCES);
	assert_int_equal(ask_as(b, SOMEBODY, 0, 0, READ_CALL), EACCES);
	assert_int_equal(chmod(b->path, 0666), 0);
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, 0, READ_CALL), GOT(2));
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, 60001, WRITE_CALL), GOT(2));
	/* The group root is not a role. */
	assert_int_equal(ask_as(b, SOMEBODY, 0, 0, WRITE_CALL), GOT(2));
	assert_int_equal(bench_stat(b, refused_permission), 3);
	assert_int_equal(bench_stat(b, calls), 0);
	bench_turn(b);
	assert_int_equal(bench_stat(b, connections), 0);
}

/* Told and ended at once, before it says a word. */
static void test_refused_at_once(void **state)
{
	struct bench *b = *state;
	int pipe_fds[2], status;
	char text[256] = "";
	pid_t child;

	if (!need_root())
		return;
	start_with_groups(b);
	assert_int_equal(chmod(b->path, 0666), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	if (!child) {
		int fd;

		become(SOMEBODY, SOMEBODY, 0);
		fd = bench_connect(b->path);
		(void)alarm(20);
		while ((status = (int)recv(fd, text, sizeof(text), 0)) > 0)
			(void)!write(pipe_fds[1], text, (size_t)status);
		_exit(status < 0);
	}
	while (!waitpid(child, &status, WNOHANG))
		assert_true(sd_event_run(b->event, 1000) >= 0);
	assert_int_equal(status, 0);
	assert_true(read(pipe_fds[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "{\"error\":\"org.varlink.service.PermissionDenied\""));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

/* The last places are kept for those who can stop a runaway. */
static void test_reserve(void **state)
{
	struct bench *b = *state;
	int fds[7];

	if (!need_root())
		return;
	b->config.limits.conns = 8;
	b->config.limits.per_user = 100;
	start_with_groups(b);
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = bench_dial(b);
	assert_int_equal(ask_as(b, SOMEBODY, SOMEBODY, READERS, READ_CALL), 255);
	assert_int_equal(bench_stat(b, refused_full), 1);
	assert_int_equal(ask_as(b, 0, 0, 0, WRITE_CALL), GOT(1));
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
}

/* --- the file ------------------------------------------------------------------------------- */

static void expect_file(const char *path, mode_t mode, gid_t gid)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_uid, geteuid());
}

static int try_start(struct bench *b, const char *words)
{
	_cleanup_diag_ struct diag d = { 0 };
	struct bus_server *server = NULL;
	int r = bus_server_new(b->event, &b->config, &server, &d);

	assert_null(server);
	assert_int_equal(d.entries.n, 1);
	if (!strstr(d.entries.at[0].text, words))
		print_error("got %s\n", d.entries.at[0].text);
	assert_non_null(strstr(d.entries.at[0].text, words));
	return r;
}

static void test_mode_private(void **state)
{
	struct bench *b = *state;
	mode_t old = umask(0);

	bench_start(b);
	(void)umask(old);
	expect_file(b->path, 0600, getegid());
}

static void test_mode_group(void **state)
{
	struct bench *b = *state;
	mode_t old;

	if (!need_root())
		return;
	old = umask(077);
	start_with_groups(b);
	(void)umask(old);
	expect_file(b->path, 0660, READERS);
}

static void test_directory(void **state)
{
	struct bench *b = *state;
	char deep[80], mid[80];

	if (!need_root())
		return;
	(void)snprintf(mid, sizeof(mid), "%s/run", b->dir);
	(void)snprintf(deep, sizeof(deep), "%s/run/bus", b->dir);
	b->config.path = deep;
	start_with_groups(b);
	expect_file(mid, 0750, READERS);
	expect_file(deep, 0660, READERS);
	bus_server_free(b->server);
	b->server = NULL;
	assert_int_not_equal(access(deep, F_OK), 0);
	assert_int_equal(rmdir(mid), 0);
}

static void test_directory_open(void **state)
{
	struct bench *b = *state;

	assert_int_equal(chmod(b->dir, 0777), 0);
	assert_int_equal(try_start(b, "anybody may write here"), -EPERM);
	assert_int_equal(chmod(b->dir, 01777), 0);
	bench_start(b);
}

static void test_live(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = -1;

	bench_start(b);
	assert_int_equal(try_start(b, "another daemon is already running"), -EADDRINUSE);
	/* And the one that runs was not disturbed. */
	bench_turn(b);
	fd = bench_dial(b);
	bench_expect(b, fd, WRITE_CALL, "{\"parameters\":{\"count\":1}}\n");
}

/* What a killed daemon leaves: a socket nobody listens on. */
static void leave_stale(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	(void)close(fd);
}

static void test_stale(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = -1;

	leave_stale(b->path);
	bench_start(b);
	fd = bench_dial(b);
	bench_expect(b, fd, WRITE_CALL, "{\"parameters\":{\"count\":1}}\n");
}

static void test_not_a_socket(void **state)
{
	struct bench *b = *state;
	int fd = open(b->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_int_equal(close(fd), 0);
	assert_int_equal(try_start(b, "exists and is not a socket"), -EEXIST);
	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(symlink("/etc/passwd", b->path), 0);
	assert_int_equal(try_start(b, "exists and is not a socket"), -EEXIST);
	assert_int_equal(unlink(b->path), 0);
}

/* Stopping must not take away the socket of the daemon that came after. */
static void test_not_ours(void **state)
{
	struct bench *b = *state;

	bench_start(b);
	assert_int_equal(unlink(b->path), 0);
	leave_stale(b->path);
	bus_server_free(b->server);
	b->server = NULL;
	assert_int_equal(access(b->path, F_OK), 0);
	assert_int_equal(unlink(b->path), 0);
}

static void test_long_path(void **state)
{
	struct bench *b = *state;
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%0150d", b->dir, 5);
	b->config.path = path;
	assert_int_equal(try_start(b, "has 1 to 107 characters"), -ENAMETOOLONG);
}

/* Many start at once: one wins, and it can be reached. */
static void test_race(void **state)
{
	enum { N = 8 };
	struct bench *b = *state;
	int ready[2], go[2], won = 0;
	pid_t children[N];

	leave_stale(b->path);
	assert_int_equal(pipe(ready) | pipe(go), 0);
	for (unsigned i = 0; i < N; i++) {
		children[i] = fork();
		if (!children[i]) {
			struct bus_server *server = NULL;
			struct diag d = { 0 };
			sd_event *event = NULL;
			char c;

			(void)alarm(20);
			(void)close(go[1]);
			(void)!read(go[0], &c, 1);
			(void)sd_event_new(&event);
			c = (char)(bus_server_new(event, &b->config, &server, &d) ? 'n' : 'y');
			(void)!write(ready[1], &c, 1);
			(void)pause();
			_exit(0);
		}
	}
	(void)close(go[1]);
	for (unsigned i = 0; i < N; i++) {
		char c = 0;

		assert_int_equal(read(ready[0], &c, 1), 1);
		won += c == 'y';
	}
	assert_int_equal(won, 1);
	assert_true(bench_connect(b->path) >= 0);
	for (unsigned i = 0; i < N; i++) {
		(void)kill(children[i], SIGKILL);
		(void)waitpid(children[i], NULL, 0);
	}
	(void)close(go[0]);
	(void)close(ready[0]);
	(void)close(ready[1]);
	assert_int_equal(unlink(b->path), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reader),
		TEST(test_reader_oneway),
		TEST(test_admin),
		TEST(test_nobody),
		TEST(test_refused_at_once),
		TEST(test_reserve),
		TEST(test_mode_private),
		TEST(test_mode_group),
		TEST(test_directory),
		TEST(test_directory_open),
		TEST(test_live),
		TEST(test_stale),
		TEST(test_not_a_socket),
		TEST(test_not_ours),
		TEST(test_long_path),
		TEST(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
