// SPDX-License-Identifier: MIT
// What a person does with the pages, in chromium. Started by pages.py.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const { BASE, SHOTS, MAILBOX } = process.env;
const SUPERUSER = JSON.parse(process.env.SUPERUSER);
const PASSWORD = "correct horse battery";
const OTHER = "another horse staple";
const SECONDS = 20000;
const BUTTON = "form.main button:not([type])";
const axe = readFileSync(createRequire(import.meta.url).resolve(
	"axe-core/axe.min.js"), "utf8");
const devices = {
	phone: { viewport: { width: 360, height: 740 }, isMobile: true,
		hasTouch: true },
	tablet: { viewport: { width: 768, height: 1024 } },
	desktop: { viewport: { width: 1280, height: 800 } },
};
let number = 0;
let passed = 0;
const failures = [];

function newEmail() {
	return `person.${++number}.${Date.now()}@example.org`;
}

function check(condition, what) {
	if (!condition)
		throw new Error(what);
}

// One browser window, which minds what must never happen in any.
class Window {
	constructor(browser, way) {
		this.browser = browser;
		this.way = way;
		this.complaints = [];
		this.requests = [];
	}

	async open() {
		this.context = await this.browser.newContext({
			...devices[this.way.device],
			colorScheme: this.way.theme,
			javaScriptEnabled: this.way.script,
			locale: this.way.locale ?? "en-GB",
		});
		this.context.setDefaultTimeout(SECONDS);
		this.page = await this.context.newPage();
		this.page.on("pageerror", (e) => this.complaints.push(String(e)));
		this.page.on("console", (m) => {
			// The browser's own line for an answer that is no success.
			if (m.type() === "error" &&
			    !m.text().startsWith("Failed to load resource"))
				this.complaints.push(m.text());
		});
		this.page.on("request", (r) => {
			this.requests.push(r.url());
			if (!r.url().startsWith(BASE + "/"))
				this.complaints.push(`asked elsewhere: ${r.url()}`);
		});
		return this;
	}

	async close() {
		await this.context.close();
		check(this.complaints.length === 0, this.complaints.join("; "));
	}

	async go(path) {
		await this.page.goto(BASE + path);
	}

	async fill(values, form = "form.main") {
		for (const [name, value] of Object.entries(values))
			await this.page.fill(`${form} [name=${name}]`, value);
	}

	// Presses the form's button, and waits for the page that comes.
	async press(form = "form.main") {
		await Promise.all([
			this.page.waitForNavigation(),
			this.page.click(`${form} button:not([type])`),
		]);
	}

	async send(path, values) {
		const form = `form[action$="${path}"]`;

		await this.fill(values, form);
		await this.press(form);
	}

	text() {
		return this.page.innerText("main");
	}

	path() {
		return new URL(this.page.url()).pathname;
	}

	async sees(text) {
		const main = await this.text();

		check(main.includes(text),
			`"${text}" is not in: ${main.slice(0, 300)}`);
	}

	// Accessibility, nothing wider than the window, and a picture.
	async look(name) {
		const { device, theme, script } = this.way;

		if (script) {
			const wide = await this.page.evaluate(
				"document.documentElement.scrollWidth > innerWidth");

			check(!wide, `${name} is wider than the window`);
			await this.page.evaluate(axe);
			const found = await this.page.evaluate(
				`axe.run(document, {runOnly: ["wcag2a", "wcag2aa",
				 "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})`);

			check(found.violations.length === 0, name + ": " +
				found.violations.map((v) => v.id + " " +
					v.nodes.map((n) => n.html).join(" ")).join("; "));
		}
		await this.page.screenshot({ fullPage: true,
			path: `${SHOTS}/${name}-${device}-${theme}` +
				`${script ? "" : "-plain"}.png` });
	}
}

async function mailTo(address, subject) {
	for (let i = 0; i < 100; i++) {
		const mails = await (await fetch(
			`${MAILBOX}?to=${encodeURIComponent(address)}`)).json();
		const mail = mails.reverse().find((m) => m.subject.includes(subject));

		if (mail)
			return mail.text.match(/^https?:\/\/\S+$/m)[0]
				.replace(/^https?:\/\/[^/]+/, "");
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
	throw new Error(`no mail "${subject}" for ${address}`);
}

// Sign-up, mail, verify, sign in, another address, reset, delete.
async function journey(window) {
	const email = newEmail();
	const second = newEmail();

	await window.go("/sign-up");
	await window.look("sign-up");
	await window.fill({ email, password: "password1" });
	await window.press();
	await window.sees("every list of common ones");
	await window.look("sign-up-refused");
	check(await window.page.inputValue("[name=email]") === email,
		"the address is gone");
	check(await window.page.inputValue("[name=password]") === "",
		"the password came back");
	await window.fill({ password: PASSWORD, name: "Ada <Lovelace>" });
	await window.press();
	check(window.path() === "/account", window.path());
	await window.sees("not confirmed yet");
	await window.look("account-new");

	await window.send("/account/verify", {});
	await window.go(await mailTo(email, "address"));
	await window.look("verify");
	await window.press();
	await window.sees("Your address is confirmed");

	await window.send("/account/email", { email: second,
		current_password: "wrong one here" });
	await window.sees("not your current password");
	await window.look("account-refused");
	await window.send("/account/email", { email: second,
		current_password: PASSWORD });
	await window.sees(second);

	await Promise.all([window.page.waitForNavigation(),
		window.page.click("header button")]);
	await window.sees("You are signed out");
	await window.look("sign-in");
	await window.fill({ username: second, password: "wrong one here" });
	await window.press();
	await window.look("sign-in-refused");
	await window.sees("is not right");

	await window.page.click("text=Forgot your password?");
	await window.page.waitForURL("**/forgot-password");
	await window.look("forgot-password");
	await window.fill({ email: second });
	await window.press();
	await window.sees("a mail with a link is on its way");
	await window.go(await mailTo(second, "password"));
	await window.look("reset-password");
	await window.fill({ password: OTHER });
	await window.press();
	await window.sees("Your new password is saved");
	await window.fill({ username: second, password: OTHER });
	await window.press();
	await window.sees(second);

	await window.page.fill("[name=name] >> nth=-1", "backup");
	await window.press('form[action$="/account/keys"]');
	await window.sees("it is not shown again");
	await window.look("account-key");
	await window.go("/account");
	await window.look("account");
	await window.send("/account/delete", { password: OTHER });
	await window.sees("Your account is deleted");
	await window.fill({ username: second, password: OTHER });
	await window.press();
	await window.sees("is not right");
}

// A superuser looks for people, makes one, changes him, deletes him.
async function administration(window) {
	const { page } = window;
	const tag = `crowd${++number}x${Date.now()}`;
	const email = `zoe.${tag}@example.org`;

	await window.go("/sign-in");
	await window.fill({ username: SUPERUSER.email,
		password: SUPERUSER.password });
	await window.press();
	await page.click("header nav a[href$='/admin']");
	await page.waitForURL("**/admin");
	for (const name of ["ann", "bob", "cleo", "dan"]) {
		await window.go("/admin/new");
		await window.send("/admin/new", {
			email: `${name}.${tag}@example.org`, password: PASSWORD });
		await window.sees("The user is made");
	}
	await window.go("/admin/new");
	await window.look("admin-new");
	await window.send("/admin/new", { email, password: "password1" });
	await window.sees("Please look at the fields that are marked");
	await window.look("admin-new-refused");
	await page.check("[type=checkbox][name=is_verified]");
	await window.send("/admin/new", { email, password: PASSWORD });
	await window.sees("The user is made");
	check(await page.isChecked("[type=checkbox][name=is_verified]"),
		"the flag is not kept");
	await window.look("admin-user");

	await page.uncheck("[type=checkbox][name=is_active]");
	await window.send("/details", { email, name: "Zoë <b>" });
	await window.sees("The changes are saved");
	await window.sees("deactivated");
	await window.send("/details", { email: "nobody@nowhere" });
	await window.sees("This is no e-mail address");
	await window.look("admin-user-refused");

	await window.go("/admin");
	await look(window, tag);
	await window.look("admin");
	await page.click("[rel=next]");
	await page.waitForSelector("text=First page");
	await window.sees(`zoe.${tag}`);
	check(!(await window.text()).includes(`ann.${tag}`), "the first page");
	await page.click(`text=zoe.${tag}`);
	await page.waitForURL("**/admin/users/*");
	await page.click("text=Delete this user");
	await page.waitForURL("**/delete");
	await window.look("admin-delete");
	await window.press();
	await window.sees("The user is deleted");
	await window.go("/admin/outbox");
	await window.sees("smtp://nowhere");
	await window.look("admin-outbox");
}

// With a script the search must not load the page again.
async function look({ page, way: { script } }, tag) {
	await page.evaluate("globalThis.stays = true").catch(() => {});
	await page.fill("[name=search]", tag);
	await page.click("form.filters button");
	await page.waitForURL(`**search=${tag}**`);
	await page.waitForSelector("text=Found: 5");
	check(!script || await page.evaluate("globalThis.stays === true"),
		"the page was loaded again");
}

async function mistakesAreToldAsTheyAreMade(window) {
	const { page } = window;
	const before = window.requests.length;

	await window.go("/sign-up");
	await page.fill("[name=email]", "nobody");
	await page.press("[name=email]", "Tab");
	await page.waitForSelector("#sign_up-email-fault");
	await page.fill("[name=email]", "nobody@example.org");
	await page.waitForSelector("#sign_up-email-fault", { state: "detached" });
	await page.click(BUTTON);
	check(await page.innerText("#sign_up-password-fault") ===
		"Please fill this in.", "an empty password");
	check(await page.evaluate("document.activeElement.name") === "password",
		"the faulty field is not gone to");
	check(!window.requests.slice(before).some((r) => r.endsWith("/sign-up") &&
		r !== BASE + "/sign-up"), "it was sent");
}

async function strengthIsTheServersVerdict(window) {
	const { page } = window;

	await window.go("/sign-up");
	for (const [password, words] of [["short", "Too short"],
		["password1", "Too easy to guess"], ["horse8 ba", "Acceptable"],
		["correct horse battery staple", "Strong"]]) {
		await page.fill("[name=password]", password);
		await page.waitForFunction(
			(text) => document.querySelector(".strength").textContent === text,
			words);
	}
	await window.look("strength");
}

async function passwordsCanBeShown(window) {
	const { page } = window;

	await window.go("/sign-in");
	await page.fill("[name=password]", PASSWORD);
	await page.click("button.show");
	check(await page.getAttribute("[name=password]", "type") === "text",
		"it is hidden");
	check(await page.getAttribute("button.show", "aria-pressed") === "true",
		"the button does not say so");
	await page.click("button.show");
	check(await page.getAttribute("[name=password]", "type") === "password",
		"it is shown");
}

async function theKeyboardIsEnough(window) {
	const { page } = window;
	const email = newEmail();
	const seen = [];

	await window.go("/sign-up");
	await page.keyboard.press("Tab");
	check(await page.evaluate("document.activeElement.className") === "skip",
		"the first stop is not the way to the content");
	await page.keyboard.press("Enter");
	for (const text of [email, PASSWORD]) {
		await page.keyboard.press("Tab");
		seen.push(await page.evaluate("document.activeElement.name"));
		await page.keyboard.type(text);
		check(await page.evaluate(
			`getComputedStyle(document.activeElement).outlineStyle`) !==
			"none", "the focus cannot be seen");
	}
	check(seen.join() === "email,password", seen.join());
	await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
	check(window.path() === "/account", window.path());
}

async function aSecondPressSendsNothing(window) {
	const { page } = window;
	let posts = 0;

	page.on("request", (r) => {
		posts += r.method() === "POST" && r.url().endsWith("/sign-up") ? 1 : 0;
	});
	await window.go("/sign-up");
	await window.fill({ email: newEmail(), password: PASSWORD });
	await Promise.all([page.waitForURL("**/account"),
		page.dblclick(BUTTON)]);
	check(posts === 1, `${posts} forms were sent`);
}

async function everyLanguageIsThere(window) {
	const { page } = window;

	for (const language of ["de", "es", "fr", "en"]) {
		await window.go("/sign-in");
		await Promise.all([page.waitForNavigation(),
			page.click(`footer a[hreflang=${language}]`)]);
		check(await page.getAttribute("html", "lang") === language, language);
		for (const name of ["sign-in", "sign-up", "forgot-password"]) {
			await window.go("/" + name);
			await window.look(`${name}-${language}`);
		}
	}
}

async function figures(window) {
	const { page } = window;
	const bodies = [];

	page.on("response", (r) => bodies.push(r.body()));
	await window.go("/sign-in");
	await page.waitForLoadState("networkidle");
	const requests = bodies.length;
	const bytes = (await Promise.all(bodies)).reduce(
		(sum, body) => sum + body.length, 0);
	const paint = await page.evaluate(
		`performance.getEntriesByName("first-contentful-paint")[0]?.startTime`);

	console.log(`figures: ${requests} requests, ${bytes} bytes, ` +
		`first paint after ${Math.round(paint)} ms`);
	check(bytes < 60000, `${bytes} bytes`);
}

async function run(browser, name, way, play) {
	const label = `${name} (${way.device}, ${way.theme}` +
		`${way.script ? "" : ", no script"})`;
	const window = new Window(browser, way);

	try {
		await window.open();
		await play(window);
		await window.close();
		passed++;
		console.log(`ok ${label}`);
	} catch (e) {
		failures.push(label);
		console.log(`FAIL ${label}: ${e.message}`);
		await window.context?.close().catch(() => {});
	}
}

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
for (const device of ["phone", "tablet", "desktop"])
	for (const theme of ["light", "dark"])
		for (const script of [true, false])
			await run(browser, "the whole journey",
				{ device, theme, script }, journey);
for (const device of ["phone", "tablet", "desktop"])
	for (const theme of ["light", "dark"])
		await run(browser, "administration",
			{ device, theme, script: true }, administration);
await run(browser, "administration",
	{ device: "phone", theme: "light", script: false }, administration);
const usual = { device: "desktop", theme: "light", script: true };
for (const [name, play] of Object.entries({
	mistakesAreToldAsTheyAreMade, strengthIsTheServersVerdict,
	passwordsCanBeShown, theKeyboardIsEnough, aSecondPressSendsNothing,
	figures }))
	await run(browser, name.replace(/[A-Z]/g, (c) => " " + c.toLowerCase()),
		usual, play);
await run(browser, "every language is there",
	{ ...usual, device: "tablet" }, everyLanguageIsThere);
await browser.close();
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
