/* SPDX-License-Identifier: MIT */
/* What the compiler is told about functions, and the few macros we allow. */
#ifndef ATTR_H
#define ATTR_H

#define NODISCARD __attribute__((warn_unused_result))
#define NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#define RETURNS_NONNULL __attribute__((returns_nonnull))
#define NORETURN __attribute__((noreturn))
#define PRINTF(n, m) __attribute__((format(printf, n, m)))
#define UNUSED __attribute__((unused))

#define countof(a) (sizeof(a) / sizeof((a)[0]))

/* For layers that hold nothing (core, api): passes any failure on. */
#define TRY(call)                                                              \
	do {                                                                   \
		enum err try_result = (call);                                  \
		if (try_result != OK)                                          \
			return try_result;                                     \
	} while (0)

#endif
