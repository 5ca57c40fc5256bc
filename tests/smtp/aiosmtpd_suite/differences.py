"""What of aiosmtpd's own suite does not hold for our session, and why. Keys are the beginnings of test names,
or whole names where they end in "$"."""

AUTH = "AUTH is not ours to offer: the mail server in front or behind authenticates"
HELP = "HELP says one line and tells no verbs"
WORDS = "the banner shows no version, and EHLO is what the next hop offers"
LIMIT = "command budgets are replaced by an error limit, turns between sessions and a session deadline"
STRICT = "eight-bit octets cross; whether an address is good is the next hop's to say"
VERBATIM = "parameters cross verbatim, unknown ones too; the next hop refuses what it does not know"
BARE = "a bare CR or LF in a message is refused with 550 instead of kept"
LONG = "long lines are real: only the whole size is limited"
HOOKS = "handler hooks other than RCPT and DATA do not exist"
TEMPORARY = "an unforeseen error is 451 with fixed words, never 500 with its text"
REQUIRED = "STARTTLS is offered, not demanded"
OPTIONS = "the constructor takes a desk, not aiosmtpd's options"
OWN_WORDS = "the test compares the wording of a reply, and ours is our own"
FAREWELL = "a client that is timed out is told 421 first, so its next command is answered"
TOGETHER = "replies are written together; the test counts single writes to a mocked transport"
HALF = "a client that half-closes still gets its replies, so the connection is not cut at EOF"

DIFFERENCES: dict[str, str] = {
    "test_smtp.py::TestSMTPAuth": AUTH,
    "test_smtp.py::TestAuthMechanisms": AUTH,
    "test_smtp.py::TestAuthenticator": AUTH,
    "test_smtp.py::TestRequiredAuthentication": AUTH,
    "test_smtp.py::TestAuthArgs::test_warn": AUTH,
    "test_smtp.py::TestAuthArgs::test_log": AUTH,
    "test_server.py::TestServer::test_warn_authreq_notls": AUTH,
    "test_starttls.py::TestRequireTLSAUTH": AUTH,
    "test_smtp.py::TestSMTP::test_help": HELP,
    "test_starttls.py::TestStartTLS::test_help": HELP,
    "test_smtp.py::TestSMTP::test_ehlo$": WORDS,
    "test_smtp.py::TestCustomization::test_default_greeting": WORDS,
    "test_smtp.py::TestCustomization::test_custom_greeting": WORDS,
    "test_smtp.py::TestSMTPWithController::test_esmtp_no_size_limit": WORDS,
    "test_server.py::TestUnixSocketController::test_server_creation": WORDS,
    "test_server.py::TestUnthreaded::test_unixsocket": WORDS,
    "test_smtp.py::TestLimits": LIMIT,
    "test_smtp.py::TestStrictASCII::test_bad": STRICT,
    "test_smtp.py::TestStrictASCII::test_mail": STRICT,
    "test_smtp.py::TestStrictASCII::test_data": STRICT,
    "test_smtp.py::TestCustomization::test_limitlocalpart": STRICT,
    "test_smtp.py::TestSMTP::test_vrfy_not_address": STRICT,
    "test_smtp.py::TestSMTP::test_mail_esmtp_params_unrecognized": VERBATIM,
    "test_smtp.py::TestSMTP::test_rcpt_unknown_params": VERBATIM,
    "test_smtp.py::TestSMTP::test_mail_smtp_errsyntax[params_noesmtp]": VERBATIM,
    "test_smtp.py::TestSMTP::test_rcpt_smtp_errsyntax[params]": VERBATIM,
    "test_smtpsmuggling.py": BARE,
    "test_smtp.py::TestSMTPWithController::test_data_line_too_long": LONG,
    "test_smtp.py::TestSMTPWithController::test_long_line": LONG,
    "test_smtp.py::TestSMTPWithController::test_too_long_line_delay_error": LONG,
    "test_smtp.py::TestSMTPWithController::test_too_long_lines_then_too_long_body": LONG,
    "test_smtp.py::TestResetCommands": HOOKS,
    "test_starttls.py::TestTLSEnding": HOOKS,
    "test_starttls.py::TestStartTLS::test_failed_handshake": HOOKS,
    "test_smtp.py::TestSMTPWithController::test_unexpected_errors": TEMPORARY,
    "test_smtp.py::TestSMTPWithController::test_exception_handler": TEMPORARY,
    "test_starttls.py::TestRequireTLS": REQUIRED,
    "test_starttls.py::TestNoTLS": "RFC 5321: a verb that is not offered is 502, not 454",
    "test_starttls.py::TestTLSContext::test_certreq_warn": OPTIONS,
    "test_starttls.py::TestTLSContext::test_nocertreq_chkhost_warn": OPTIONS,
    "test_server.py::TestFactory::test_unknown_args": OPTIONS,
    "test_smtp.py::TestSMTPWithController::test_too_long_body_delay_error": OWN_WORDS,
    "test_smtp.py::TestTimeout": FAREWELL,
    "test_smtp.py::TestProtocol": TOGETHER,
    "test_smtp.py::TestSleepingHandler": HALF,
}
