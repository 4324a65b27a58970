/* SPDX-License-Identifier: MIT */
/*
 * Bodies against field tables: one table drives what is required, what fits,
 * and the 422 that names every fault at once, in the words of Pydantic 2.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/json.h"
#include "http/request.h"
#include "http/response.h"

struct form;
struct schema;

enum field_type {
	FIELD_TEXT, /* stored as const char *; NULL when absent */
	FIELD_BOOL, /* stored as const bool *; NULL when absent */
	FIELD_LIST, /* of texts, in a query: stored as struct text_list */
	/* These are stored as struct field_value, and so are the others where
	 * is_value is set. */
	FIELD_INTEGER,
	FIELD_NUMBER,
	FIELD_DATE,
	FIELD_DATETIME,
	FIELD_UUID,
	FIELD_CHOICE,
	/* An array, whose elements are `items`: stored as const struct json *,
	 * each of them for the caller to read. */
	FIELD_OBJECTS,
	/* Of answers alone; without `items`, any value. */
	FIELD_OBJECT
};

/* What a field with is_value holds. */
struct field_value {
	bool is_given;
	bool is_null;     /* of an OPTIONAL one, which was given as null */
	const char *text; /* TEXT, UUID (canonical), CHOICE; DATE as 2020-01-31,
			   * DATETIME as 2020-01-31 10:20:30.000000 in UTC */
	int64_t number;   /* INTEGER, BOOL */
	double real;      /* NUMBER */
};

struct field_bounds {
	bool has_min;
	bool has_max;
	int64_t min; /* TEXT: characters; INTEGER, where both are needed;
		      * OBJECTS: elements */
	int64_t max;
	double real_min; /* NUMBER */
	double real_max;
	const char *const *choices; /* CHOICE */
	size_t choice_count;
};

enum field_need {
	FIELD_REQUIRED, /* must be there; null is no value */
	FIELD_OPTIONAL, /* may be absent; null counts as absent */
	FIELD_DEFAULTED /* may be absent; null is no value */
};

/* Gives the normalised text, or ERR_UNPROCESSABLE and a reason. */
typedef enum err field_normalise(struct arena *mem, const char *text,
				 const char **out, const char **reason);

/* One row of a table. */
struct field {
	const char *name;
	enum field_type type;
	enum field_need need;
	size_t offset;              /* where it goes in the caller's struct */
	const struct schema *items; /* of OBJECTS and OBJECT */
	field_normalise *normalise; /* of a text; NULL: as it is */
	const char *fixed;          /* the only text allowed; NULL: any */
	bool is_value;              /* stored as struct field_value */
	const struct field_bounds *bounds; /* where is_value is set */
	/* For the API's description; NULL: nothing to say. */
	bool is_id;          /* a text that is a user's id */
	const char *format;  /* of a text: "email", "uuid", "password" */
	const char *initial; /* JSON: what an absent field counts as */
	const char *help;
};

struct schema {
	const struct field *fields;
	size_t count;
	bool is_loose; /* each field is a parameter of its own: a body that is
			* no object, or none, has none of them */
};

/* What was sent, before any schema looks at it. */
enum input_kind {
	INPUT_NOTHING, /* no body at all */
	INPUT_JSON,
	INPUT_RAW, /* a body of a type that is not read as JSON */
	INPUT_FORM
};

struct input {
	enum input_kind kind;
	const struct json *document; /* INPUT_JSON */
	const char *raw;             /* INPUT_RAW, as json_text would be */
	const struct form *form;     /* INPUT_FORM; NULL: without fields */
};

/*
 * Syntax only, as the contract wants it before anybody is asked who they are.
 * Failures set rs's detail where the contract asks for one.
 */
enum err input_parse_json(const struct req *rq, struct resp *rs,
			  struct input *out) NODISCARD NONNULL(1, 2, 3);
enum err input_parse_form(const struct req *rq, struct resp *rs,
			  struct input *out) NODISCARD NONNULL(1, 2, 3);
enum err input_parse_query(const struct req *rq, struct input *out)
	NODISCARD NONNULL(1, 2);

/*
 * Fills `out`, the struct that the schema's offsets are of, zeroed by the
 * caller. ERR_UNPROCESSABLE with rs's detail naming every fault.
 */
enum err input_read(const struct req *rq, const struct input *in,
		    const struct schema *schema, struct resp *rs, void *out)
	NODISCARD NONNULL(1, 2, 3, 4, 5);

/*
 * The same from a query, whose fields are all optional texts and lists: such
 * a one has no faults. An empty value is one, and bytes that were no text are
 * 0xff, which is nobody's value.
 */
void input_read_query(struct arena *mem, const struct input *in,
		      const struct schema *schema, void *out)
	NONNULL(1, 2, 3, 4);

/* The same with a second schema behind the first, for another struct, or for
 * none where it has no fields. */
enum err input_read_both(const struct req *rq, const struct input *in,
			 const struct schema *schema, void *out,
			 const struct schema *more, void *more_out,
			 struct resp *rs) NODISCARD NONNULL(1, 2, 3, 4, 5, 7);

/* A truth, or NULL with the words for what is wrong: of JSON, or where that
 * is NULL of a text. */
const bool *input_bool(const struct json *json, const char *text,
		       const char **type, const char **message) NONNULL(3, 4);

#endif
