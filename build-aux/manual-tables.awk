# Writes the lists of the manual from the tables of the program: reads a .def
# file whose rows are NAME(a, b, "c d", …), and prints mdoc.
#   awk -v list=settings|routes|problems -f manual-tables.awk FILE.def

# Splits a row's arguments at commas outside of texts.
function split_row(row, out,    i, c, n, quoted, field)
{
	n = 0; quoted = 0; field = ""
	for (i = 1; i <= length(row); i++) {
		c = substr(row, i, 1)
		if (c == "\"" && substr(row, i - 1, 1) != "\\")
			quoted = !quoted
		else if (c == "," && !quoted) {
			out[++n] = trim(field); field = ""
		} else
			field = field c
	}
	out[++n] = trim(field)
	return n
}

function trim(text)
{
	gsub(/^[ \t\n]+|[ \t\n]+$/, "", text)
	return text
}

# Text as mdoc takes it: one sentence a line, no accidental control lines,
# plain characters where roff has escapes.
function prose(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/…/, "\\&...", text)
	gsub(/\. /, ".\n", text)
	gsub(/: /, ":\n", text)
	sub(/^[.']/, "\\\\\\&&", text)
	return text
}

function word(text)
{
	gsub(/\|/, " | ", text)
	return text
}

function section(f)
{
	printf ".Ss %s%s\n%s\n", f[1], f[2] == "MANY" ? " \\(dqname\\(dq" : "", \
		prose(f[3])
	print ".Bl -tag -width Ds"
}

function setting(f)
{
	printf ".It Cm %s\n%s\n", f[2], prose(f[7])
	if (f[5] != "")
		printf "Allowed: %s%s.\n", word(f[5]), \
			f[3] == "DURATION" ? ", or none" : ""
	if (f[3] == "LIST")
		print "A list of texts in braces."
	if (f[4] != "")
		printf "Default:\n.Ql %s .\n", f[4]
}

# What is read: "JSON(login_schema)" is a JSON body.
function reads(text)
{
	sub(/\(.*/, "", text)
	if (text == "QUERY")
		return "with a query"
	if (text == "NONE")
		return "without a body"
	return "body " (text == "JSON" ? text : tolower(text))
}

# The statuses with which a row succeeds.
function success(f)
{
	if (f[10] == "LOGIN")
		return "200 with the token, or 204 with the cookie"
	if (f[10] == "LOGOUT")
		return "204"
	return f[9] (f[10] == "OBJECT(user_schema)" ? " with the user" : \
		f[10] == "OBJECT(authorization_schema)" ? \
		" with authorization_url" : \
		f[10] == "NULL" ? " with null" : "")
}

# The last column, which is several: what the rule may answer.
function codes(f, n,    i, out)
{
	for (i = 12; i <= n && f[i] != "OK"; i++) {
		sub(/^ERR_/, "", f[i])
		out = out (i > 12 ? ", " : "") f[i]
	}
	return out
}

# Under what a row is mounted.
function prefix(mount)
{
	if (mount ~ /^(ROOT|OPENAPI|DOCS|REDOC)$/)
		return ""
	return mount ~ /^(GUARD|RESET|VERIFY)$/ ? "{auth}" : "{" tolower(mount) "}"
}

function route(f, n,    fails)
{
	fails = codes(f, n)
	printf ".It %s %s%s\noperation\n.Em %s ,\nfor %s,\n%s.\n", f[1], prefix(f[2]), \
		f[3], f[11], tolower(f[5]), reads(f[6])
	if (f[8] != "NONE")
		printf "Limited by\n.Cm limits %s .\n", tolower(f[8])
	printf "Answers %s%s.\n", success(f), fails == "" ? "" : "; fails as " fails
}

function problem(f)
{
	if (f[2] == 500)
		return
	printf ".It %s %s\n%s\n", f[2], f[3], prose(f[4] ".")
}

function row(name, f, n)
{
	if (list == "settings" && name == "SECTION_BEGIN") section(f)
	if (list == "settings" && name == "SETTING") setting(f)
	if (list == "settings" && name == "SECTION_END") print ".El"
	if (list == "routes" && name == "ROUTE") route(f, n)
	if (list == "problems" && name == "PROBLEM") problem(f)
}

# A row may take several lines: it ends with a parenthesis at a line's end.
/^[A-Z_]+\(/ { open = 1; text = "" }
open { text = text $0 }
open && /\)$/ {
	open = 0
	name = text; sub(/\(.*/, "", name)
	sub(/^[A-Z_]+\(/, "", text); sub(/\)$/, "", text)
	delete f
	count = split_row(text, f)
	row(name, f, count)
}
