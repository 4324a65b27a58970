/* SPDX-License-Identifier: MIT */
#include "gate/pool_plan.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/tally.h"
#include "gate/pool_crew.h"
#include "gate/pool_door.h"

void
doors_forget(struct supervisor *s)
{
	struct door **at = &s->doors;

	/* They are another one's still, or already. */
	if (s->kin.heir || s->kin.left)
		return;
	while (*at != NULL) {
		struct door *d = *at;

		if (d->wanted || d->lent != NULL ||
		    crews_use_door(s->crews, d)) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		log_event(LEVEL_INFO, log_is("socket_closed"),
			  log_text("address", d->address));
		door_close(d);
	}
}

/* One that was lent counts by its name, wherever the configuration thinks
 * that it is. */
static struct door *
door_find(const struct supervisor *s, const struct pool_group *group)
{
	struct door *d = s->doors;

	while (d != NULL &&
	       (d->lent == NULL || strcmp(d->lent, group->name) != 0))
		d = d->next;
	if (d != NULL)
		return d;
	d = s->doors;
	while (d != NULL && strcmp(d->address, group->address) != 0)
		d = d->next;
	return d;
}

/* The door of a group, opened unless it is. */
static struct door *
door_get(struct supervisor *s, const struct pool_group *group,
	 const struct pool_plan *plan)
{
	struct door *d = door_find(s, group);

	if (d != NULL)
		return d;
	d = door_open(group, plan);
	if (d == NULL) {
		log_event(LEVEL_ERROR, log_is("socket_failed"),
			  log_text("pool", group->name),
			  log_text("address", group->address),
			  log_text("error", strerror(errno)));
		return NULL;
	}
	d->wanted = false;
	d->next = s->doors;
	s->doors = d;
	log_event(LEVEL_INFO, log_is("socket_opened"),
		  log_text("pool", group->name),
		  log_text("address", group->address));
	return d;
}

/* A crew for each group of a plan. NULL when one could not be made. */
static struct crew *
crews_make(struct supervisor *s, const struct pool_plan *plan)
{
	struct crew *crews = NULL;

	for (size_t i = plan->count; i-- > 0;) {
		const struct pool_group *group = &plan->groups[i];
		struct door *d = NULL;
		struct crew *c;

		if (group->address != NULL) {
			d = door_get(s, group, plan);
			if (d == NULL || crews_use_door(crews, d))
				goto failed;
		}
		c = crew_new(group, plan, d);
		if (c == NULL)
			goto failed;
		c->next = crews;
		crews = c;
	}
	return crews;
failed:
	while (crews != NULL) {
		struct crew *c = crews;

		crews = c->next;
		crew_free(c);
	}
	return NULL;
}

static void
crews_discharge(struct supervisor *s, enum crew_role role)
{
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == role)
			crew_discharge(c, s->now);
	}
}

void
standby_release(struct supervisor *s)
{
	if (s->standby == NULL)
		return;
	crews_discharge(s, CREW_STANDBY);
	s->calls->release(s->calls->to, s->standby);
	s->standby = NULL;
}

/* Whether each crew has had a worker that served, be it the only one yet. */
static bool
plan_has_served(struct supervisor *s)
{
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_CURRENT)
			continue;
		crew_look(c, s->now);
		if (!c->served)
			return false;
	}
	return true;
}

/* A plan that was good stays behind the next until that has proved itself;
 * one that was not makes way. */
static void
plan_leave(struct supervisor *s)
{
	if (!s->announced && !plan_has_served(s)) {
		crews_discharge(s, CREW_CURRENT);
		s->calls->release(s->calls->to, s->plan);
		return;
	}
	standby_release(s);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_CURRENT)
			c->role = CREW_STANDBY;
	}
	s->standby = s->plan;
}

/* The doors are as the newest plan wants them. */
static void
doors_adjust(struct supervisor *s)
{
	for (struct door *d = s->doors; d != NULL; d = d->next)
		d->wanted = false;
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_CURRENT || c->door == NULL)
			continue;
		c->door->wanted = true;
		door_adjust(c->door, c->group, c->plan);
	}
}

/* The plan is the one that counts from now on. */
bool
plan_adopt(struct supervisor *s, struct pool_plan *plan)
{
	struct crew *crews = crews_make(s, plan);
	struct crew *last = crews;

	if (crews == NULL) {
		doors_forget(s);
		return false;
	}
	if (s->plan != plan)
		plan_leave(s);
	while (last->next != NULL)
		last = last->next;
	last->next = s->crews;
	s->crews = crews;
	s->plan = plan;
	s->announced = false;
	doors_adjust(s);
	return true;
}

/* The workers of the newest plan cannot start: back to the one before. */
void
plan_refuse(const char *fault)
{
	tally_board_add(TALLY_RELOAD_REFUSED, 1);
	log_event(LEVEL_ERROR, log_is("reload_refused"),
		  log_text("error", fault));
}

void
plan_give_up(struct supervisor *s)
{
	plan_refuse("workers");
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role != CREW_CURRENT)
			continue;
		crew_discharge(c, s->now);
		crew_stop(c, s->now);
	}
	s->calls->release(s->calls->to, s->plan);
	for (struct crew *c = s->crews; c != NULL; c = c->next) {
		if (c->role == CREW_STANDBY)
			c->role = CREW_CURRENT;
	}
	s->plan = s->standby;
	s->standby = NULL;
	s->announced = true;
	doors_adjust(s);
}
