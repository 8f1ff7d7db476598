/* SPDX-License-Identifier: GPL-2.0-only */
/* varlink-go, which knows nothing of us, as the judge of the wire and of the introspection text. */
#include <libgen.h>
#include <limits.h>

#include "bus/test_serve.h"

#define GO_PATH "/usr/share/gocode"

/* The source of the judge: from this program's place upwards. */
static bool find_source(char *ret, size_t size)
{
	char exe[PATH_MAX] = "", *dir = exe;

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) <= 0)
		return false;
	while (strcmp(dir = dirname(dir), "/")) {
		(void)snprintf(ret, size, "%s/src/bus/judge/main.go", dir);
		if (!access(ret, R_OK))
			return true;
	}
	return false;
}

static int run(const char *const *argv, int out_fd)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (out_fd >= 0)
			(void)dup2(out_fd, 1);
		(void)execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

static const char *missing(void)
{
	const char *const version[] = { "go", "version", NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;

	if (access(GO_PATH "/src/github.com/varlink/go/varlink", R_OK))
		return "golang-github-varlink-go-dev is not installed";
	status = run(version, null);
	(void)close(null);
	return status ? "there is no Go compiler" : NULL;
}

static void build(const char *dir, const char *source, const char *program)
{
	const char *const argv[] = { "go", "build", "-o", program, source, NULL };
	char cache[128];

	(void)snprintf(cache, sizeof(cache), "%s/cache", dir);
	(void)setenv("GO111MODULE", "off", 1);
	(void)setenv("GOPATH", GO_PATH, 1);
	(void)setenv("GOCACHE", cache, 1);
	(void)setenv("GOFLAGS", "-p=2", 1);
	assert_int_equal(run(argv, -1), 0);
}

static const char wanted[] =
	"Weir test 1\n"
	"org.varlink.service: 2 methods, 6 errors\n"
	"io.weir: 9 methods, 4 errors\n"
	"io.weir.Echo: map[text:hi] <nil> <nil>\n"
	"io.weir.Echo: map[] *varlink.InvalidParameter org.varlink.service.InvalidParameter\n"
	"io.weir.Nope: map[] *varlink.MethodNotFound org.varlink.service.MethodNotFound\n"
	"io.nope.Nope: map[] *varlink.InterfaceNotFound org.varlink.service.InterfaceNotFound\n"
	"Count: 1 more=true\n"
	"Count: 2 more=true\n"
	"Count: 3 more=false\n";

static void judge(struct bench *b, const char *dir, const char *program)
{
	const char *const argv[] = { program, b->path, "all", NULL };
	char got[4096] = "", out[128];
	pid_t server = serve_start(b);
	int fd;

	(void)snprintf(out, sizeof(out), "%s/out", dir);
	fd = open(out, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(run(argv, fd), 0);
	assert_true(pread(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, wanted);
	(void)close(fd);
	serve_stop(server);
}

static void test_varlink_go(void **state)
{
	struct bench *b = *state;
	char dir[] = "/tmp/weir-judge-test.XXXXXX", program[64], source[PATH_MAX + 32];
	const char *const remove[] = { "rm", "-rf", dir, NULL };
	const char *reason = missing();

	if (reason) {
		print_message("# skipped: %s\n", reason);
		skip();
	}
	assert_true(find_source(source, sizeof(source)));
	assert_non_null(mkdtemp(dir));
	(void)snprintf(program, sizeof(program), "%s/judge", dir);
	build(dir, source, program);
	judge(b, dir, program);
	assert_int_equal(run(remove, -1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_varlink_go, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
