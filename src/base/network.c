/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define V4_SIZE 4
#define V6_SIZE 16
#define V6_NETWORK_BITS 64
#define BYTE_BITS 8
#define UNIX "unix"

/* An address, of as many bytes as its kind has; 0: a unix socket's. */
struct address {
	unsigned char bytes[V6_SIZE];
	size_t size;
};

/* A network: the first `bits` of the address. */
struct block {
	struct address base;
	size_t bits;
};

/* Where an IPv6 address holds one of IPv4. */
static const struct embedding {
	unsigned char prefix[12];
	size_t prefix_size;
	size_t at;
} embeddings[] = {
	/* RFC 4291, section 2.5.5.2 */
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12, 12},
	/* RFC 6052, section 2.1 */
	{{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 12, 12},
	/* RFC 3056, section 2 */
	{{0x20, 0x02}, 2, 2},
};

static void
unwrap(struct address *a)
{
	for (size_t i = 0; i < countof(embeddings); i++) {
		const struct embedding *e = &embeddings[i];

		if (memcmp(a->bytes, e->prefix, e->prefix_size) != 0)
			continue;
		memmove(a->bytes, a->bytes + e->at, V4_SIZE);
		a->size = V4_SIZE;
		return;
	}
}

/* "[…]:80" and "[…]" to what stands in the brackets, "192.0.2.1:80" to what
 * stands before the colon, "fe80::1%eth0" to what stands before the sign. */
static size_t
bare_length(const char **text, size_t len)
{
	const char *end;

	if (len > 0 && **text == '[') {
		end = memchr(*text, ']', len);
		if (end == NULL)
			return 0;
		++*text;
		len = (size_t)(end - *text);
	} else {
		end = memchr(*text, ':', len);
		if (end != NULL &&
		    memchr(end + 1, ':', len - 1 - (size_t)(end - *text)) ==
			    NULL)
			len = (size_t)(end - *text);
	}
	end = memchr(*text, '%', len);
	return end != NULL ? (size_t)(end - *text) : len;
}

static bool
address_read(const char *text, size_t len, struct address *out)
{
	char bare[INET6_ADDRSTRLEN];

	*out = (struct address){0};
	if (len >= sizeof(UNIX) - 1 &&
	    memcmp(text, UNIX, sizeof(UNIX) - 1) == 0 &&
	    (len == sizeof(UNIX) - 1 || text[sizeof(UNIX) - 1] == ':'))
		return true;
	len = bare_length(&text, len);
	if (len == 0 || len >= sizeof(bare))
		return false;
	memcpy(bare, text, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, bare, out->bytes) == 1) {
		out->size = V4_SIZE;
		return true;
	}
	if (inet_pton(AF_INET6, bare, out->bytes) != 1)
		return false;
	out->size = V6_SIZE;
	unwrap(out);
	return true;
}

const char *
network_of(struct arena *mem, const char *address)
{
	char text[INET6_ADDRSTRLEN];
	struct address a;

	if (!address_read(address, strlen(address), &a))
		return NETWORK_UNKNOWN;
	if (a.size == 0)
		return UNIX;
	if (a.size == V6_SIZE)
		memset(a.bytes + V6_NETWORK_BITS / BYTE_BITS, 0,
		       V6_SIZE - V6_NETWORK_BITS / BYTE_BITS);
	if (inet_ntop(a.size == V4_SIZE ? AF_INET : AF_INET6, a.bytes, text,
		      sizeof(text)) == NULL)
		return NETWORK_UNKNOWN;
	return a.size == V4_SIZE
		       ? arena_text(mem, text)
		       : arena_printf(mem, "%s/%d", text, V6_NETWORK_BITS);
}

static bool
block_read(const char *text, struct block *out)
{
	size_t len = strcspn(text, "/");
	int64_t bits;

	if (!address_read(text, len, &out->base))
		return false;
	out->bits = out->base.size * BYTE_BITS;
	if (text[len] == '\0')
		return true;
	if (!text_number(text + len + 1, 0, (int64_t)out->bits, &bits))
		return false;
	out->bits = (size_t)bits;
	return true;
}

const char *
network_fault(const char *text)
{
	struct block b;

	return block_read(text, &b)
		       ? NULL
		       : "is no address, no network such as 10.0.0.0/8 or "
			 "2001:db8::/32, and not unix";
}

static bool
block_has(const struct block *b, const struct address *a)
{
	size_t whole = b->bits / BYTE_BITS;
	unsigned rest = (unsigned)(b->bits % BYTE_BITS);

	if (a->size != b->base.size ||
	    memcmp(a->bytes, b->base.bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (a->bytes[whole] ^ b->base.bytes[whole]) >> (BYTE_BITS - rest) ==
		       0;
}

static bool
list_has(const struct text_list *list, const char *text, size_t len)
{
	struct address a;
	struct block b;

	if (!address_read(text, len, &a))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (block_read(list->items[i], &b) && block_has(&b, &a))
			return true;
	return false;
}

bool
network_list_has(const struct text_list *list, const char *address)
{
	return list_has(list, address, strlen(address));
}

/* Where the last of the addresses begins, and how long it is. */
static size_t
last_address(const char *text, size_t len, size_t *begin)
{
	static const char blanks[] = " \t";

	*begin = len;
	while (*begin > 0 && text[*begin - 1] != ',')
		--*begin;
	while (*begin < len && strchr(blanks, text[*begin]) != NULL)
		++*begin;
	while (len > *begin && strchr(blanks, text[len - 1]) != NULL)
		len--;
	return len - *begin;
}

const char *
network_sender(struct arena *mem, const struct text_list *trusted,
	       const char *peer, const char *forwarded)
{
	size_t left = forwarded != NULL ? strlen(forwarded) : 0;
	const char *sender = peer;

	while (left > 0 && network_list_has(trusted, sender)) {
		struct address a;
		size_t begin;
		size_t len = last_address(forwarded, left, &begin);
		const char *told;

		/* What was told in no words of ours ends the chain. */
		if (!address_read(forwarded + begin, len, &a) || a.size == 0)
			break;
		told = forwarded + begin;
		len = bare_length(&told, len);
		sender = arena_copy(mem, told, len);
		left = begin;
		while (left > 0 && forwarded[left - 1] != ',')
			left--;
		if (left > 0)
			left--;
	}
	return sender;
}
