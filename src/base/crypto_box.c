/* SPDX-License-Identifier: MIT */
#include "base/crypto_box.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/crypto.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define TEXT_LIMIT (INT_MAX / 4)

void
box_key(const char *secret, const char *purpose,
	unsigned char out[BOX_KEY_SIZE])
{
	struct mac_key *k = mac_key_new(secret, strlen(secret));

	_Static_assert(BOX_KEY_SIZE == SHA256_SIZE, "a key is one MAC");
	mac_sign(k, purpose, strlen(purpose), out);
	mac_key_free(k);
}

/* Only a broken library or no memory makes these fail. */
static void
must(int done)
{
	if (done != 1)
		abort();
}

const char *
box_seal(struct arena *mem, const unsigned char key[BOX_KEY_SIZE],
	 const char *bound, const char *text)
{
	size_t len = strlen(text);
	unsigned char *out = arena_alloc(mem, NONCE_SIZE + len + TAG_SIZE);
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	int n;

	if (x == NULL || len > TEXT_LIMIT || strlen(bound) > TEXT_LIMIT)
		abort();
	crypto_random(out, NONCE_SIZE);
	must(EVP_EncryptInit_ex(x, EVP_aes_256_gcm(), NULL, key, out));
	must(EVP_EncryptUpdate(x, NULL, &n, (const unsigned char *)bound,
			       (int)strlen(bound)));
	must(EVP_EncryptUpdate(x, out + NONCE_SIZE, &n,
			       (const unsigned char *)text, (int)len));
	must(EVP_EncryptFinal_ex(x, out + NONCE_SIZE + len, &n));
	must(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_GET_TAG, TAG_SIZE,
				 out + NONCE_SIZE + len));
	EVP_CIPHER_CTX_free(x);
	return crypto_base64url(mem, out, NONCE_SIZE + len + TAG_SIZE);
}

enum err
box_open(struct arena *mem, const unsigned char key[BOX_KEY_SIZE],
	 const char *bound, const char *sealed, const char **out)
{
	EVP_CIPHER_CTX *x;
	unsigned char *bytes;
	unsigned char *text;
	size_t len;
	int n;
	enum err e = ERR_INVALID;

	if (crypto_base64url_decode(mem, sealed, strlen(sealed), &bytes,
				    &len) != OK ||
	    len < BOX_OVERHEAD || len > TEXT_LIMIT ||
	    strlen(bound) > TEXT_LIMIT)
		return ERR_INVALID;
	len -= BOX_OVERHEAD;
	text = arena_alloc(mem, len + 1);
	x = EVP_CIPHER_CTX_new();
	if (x == NULL)
		abort();
	must(EVP_DecryptInit_ex(x, EVP_aes_256_gcm(), NULL, key, bytes));
	must(EVP_DecryptUpdate(x, NULL, &n, (const unsigned char *)bound,
			       (int)strlen(bound)));
	must(EVP_DecryptUpdate(x, text, &n, bytes + NONCE_SIZE, (int)len));
	must(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
				 bytes + NONCE_SIZE + len));
	if (EVP_DecryptFinal_ex(x, text + len, &n) == 1 &&
	    memchr(text, '\0', len) == NULL) {
		*out = (const char *)text;
		e = OK;
	}
	EVP_CIPHER_CTX_free(x);
	return e;
}
