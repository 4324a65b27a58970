/* SPDX-License-Identifier: MIT */
/*
 * Included before every source by the build. Functions that cannot be used
 * safely, or not in a server, do not compile. The system headers that declare
 * them come first, so that only our own calls are caught.
 */
#ifndef POISON_H
#define POISON_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef gets
#undef atoi
#undef atol
#undef rand
#undef srand
#undef localtime
#undef gmtime
#undef system
#undef popen
#undef alloca
#define strcpy(...) strcpy_is_banned_use_buf
#define strcat(...) strcat_is_banned_use_buf
#define strncpy(...) strncpy_is_banned_use_buf
#define strncat(...) strncat_is_banned_use_buf
#define sprintf(...) sprintf_is_banned_use_buf_printf
#define vsprintf(...) vsprintf_is_banned_use_buf_printf
#define strtok(...) strtok_is_banned
#define gets(...) gets_is_banned
#define atoi(...) atoi_is_banned_use_number_parse
#define atol(...) atol_is_banned_use_number_parse
#define rand() rand_is_banned_use_crypto_random
#define srand(...) srand_is_banned_use_crypto_random
#define localtime(...) localtime_is_banned_use_clock
#define gmtime(...) gmtime_is_banned_use_clock
#define system(...) system_is_banned
#define popen(...) popen_is_banned
#define alloca(...) alloca_is_banned_use_arena

#endif
