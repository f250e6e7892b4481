#include "tokens/keyd/intent_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/json.h"
#include "tokens/client/json_reader.h"

namespace tanba::tokens::keyd {
namespace {

namespace json = boost::json;
using client::ObjectReader;

constexpr std::string_view kLogType = "urn:tanba:keyd-log:1";
// An approval of at most 64 KiB in base64, or a chain of eight certificates: far below.
constexpr std::size_t kMaxLineBytes = 1U << 20;
constexpr std::size_t kReadAtOnce = 256U << 10;
constexpr std::size_t kMaxHeadBytes = 1024;

// A line about a seal tells what was sealed; nothing follows from it.
base::Status take_sealing(ObjectReader& reader) {
  TANBA_TRY(const std::string kind, reader.text("kind"));
  TANBA_CHECK(cms::parse_capsule_kind(kind));
  TANBA_TRY(const std::string id, reader.text("id"));
  TANBA_CHECK(cms::check_capsule_id(id));
  TANBA_TRY(const std::string manifest, reader.text("manifest"));
  TANBA_CHECK(base::digest_from_hex(manifest));
  TANBA_TRY(const std::string sealed_at, reader.text("sealedAt"));
  TANBA_CHECK(base::parse_time(sealed_at));
  return {};
}

base::Status write_at_end(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return base::fail(base::Code::kKeydLog, base::system_reason(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::unexpected<base::Error> was_cancelled(const std::string& intent) {
  return base::fail(base::Code::kIntentState,
                    {{"intent", intent}, {"state", std::string(to_string(client::IntentProgress::kCancelled))}});
}

}  // namespace

struct IntentLog::Line {
  std::uint64_t begin = 0;
  std::uint32_t length = 0;
  base::Digest digest;
};

std::unexpected<base::Error> IntentLog::broken(std::string cause) {
  damage_ = base::Error::because(base::Code::kKeydLog, std::move(cause));
  events_.write(Level::kError, "log.damaged", *damage_, {{"file", path_.string()}});
  return std::unexpected(*damage_);
}

std::unique_ptr<IntentLog> IntentLog::open(const std::filesystem::path& path, const base::Clock& clock,
                                           EventLog& events) {
  std::unique_ptr<IntentLog> log(new IntentLog(path, clock, events));
  const std::scoped_lock lock(log->mutex_);
  const base::Status opened = log->open_all();
  if (!opened && !log->damage_) static_cast<void>(log->broken(opened.error().cause()));
  return log;
}

IntentLog::IntentLog(std::filesystem::path path, const base::Clock& clock, EventLog& events)
    : path_(std::move(path)), head_path_(path_.string() + "-head"), clock_(clock), events_(events) {}

base::Status IntentLog::open_all() {
  TANBA_CHECK(open_file());
  remove_leftovers();
  TANBA_CHECK(read_head());
  TANBA_CHECK(verify_all());
  return entries_ == 0 ? begin_file() : catch_up_head();
}

base::Status IntentLog::health() const {
  const std::scoped_lock lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  return {};
}

std::uint64_t IntentLog::entries() const {
  const std::scoped_lock lock(mutex_);
  return entries_;
}

// --- start
// -------------------------------------------------------------------------------------------------------------

base::Status IntentLog::open_file() {
  file_ = base::FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file_.open()) return base::fail(base::Code::kKeydLog, base::system_reason(errno));
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return base::fail(base::Code::kKeydLog, "it is no file");
  }
  // Two servers would write two chains into one file.
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return base::fail(base::Code::kKeydLog, "another process uses it");
  return {};
}

// Another process may have had this one's number, and left a file of the name that this one would write to.
void IntentLog::remove_leftovers() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(head_path_.parent_path(), error)) {
    std::error_code ignored;
    const bool ours = entry.path().filename().native().starts_with(head_path_.filename().native() + ".tmp-");
    if (ours) std::filesystem::remove(entry.path(), ignored);
  }
}

base::Status IntentLog::read_head() {
  std::error_code error;
  if (std::filesystem::symlink_status(head_path_, error).type() == std::filesystem::file_type::not_found) return {};
  const auto unreadable = [this] { return base::fail(base::Code::kKeydLog, head_path_.string() + " cannot be read"); };
  const base::Result<base::Bytes> octets = base::read_file(head_path_, kMaxHeadBytes);
  if (!octets) return unreadable();
  const base::Result<json::value> value = base::parse_json(base::as_text(*octets));
  if (!value || !value->is_object()) return unreadable();
  ObjectReader reader(value->get_object());
  const base::Result<std::uint64_t> sequence = reader.count("sequence");
  const base::Result<std::string> written = reader.text("hash");
  if (!sequence || !written) return unreadable();
  const base::Result<base::Digest> hash = base::digest_from_hex(*written);
  if (!hash) return unreadable();
  head_ = Head{*sequence, *hash};
  return {};
}

base::Status IntentLog::check_head() const {
  if (!head_) return {};
  if (entries_ < head_->lines) {
    return base::fail(
        base::Code::kKeydLog,
        fmt::format("it ends with line {}, but line {} was written: lines are missing", entries_, head_->lines));
  }
  // Of a head from long ago nobody could tell what was cut off after it.
  if (entries_ > head_->lines + 1) {
    return base::fail(base::Code::kKeydLog,
                      fmt::format("it has {} lines, but its head tells of {} only", entries_, head_->lines));
  }
  return {};
}

base::Status IntentLog::catch_up_head() {
  if (!head_ && entries_ > 1) {
    events_.write(Level::kWarning, "log.head_missing",
                  {{"file", head_path_.string()},
                   {"lines", entries_},
                   {"hint", "whether lines are missing at the end is not known"}});
  }
  if (head_ && head_->lines == entries_) return {};
  TANBA_TRY(base::DurableFile head, begin_head({entries_, last_}));
  if (head.commit(base::Overwrite::kReplace)) return {};
  return base::fail(base::Code::kKeydLog, head_path_.string() + " cannot be written");
}

base::Result<base::DurableFile> IntentLog::begin_head(const Head& head) const {
  const std::string text =
      base::canonical_json(json::object{{"hash", head.last.hex()}, {"sequence", head.lines}}) + "\n";
  base::Result<base::DurableFile> file = base::DurableFile::create(head_path_, 0600);
  base::Status done = file ? file->append(base::as_bytes(text)) : base::Status(std::unexpected(file.error()));
  if (!done) return base::fail(base::Code::kKeydLog, done.error().message());
  return file;
}

base::Status IntentLog::begin_file() {
  TANBA_CHECK(append({{"event", "opened"}, {"type", kLogType}}));
  // The file's name must be as durable as its lines.
  if (!base::sync_directory(path_.parent_path()))
    return base::fail(base::Code::kKeydLog, "its folder cannot be synced");
  return {};
}

base::Status IntentLog::verify_all() {
  std::string pending;
  std::uint64_t read_bytes = 0;
  for (;;) {
    const std::size_t before = pending.size();
    pending.resize(before + kReadAtOnce);
    const ssize_t got = ::pread(file_.get(), pending.data() + before, kReadAtOnce, static_cast<off_t>(read_bytes));
    if (got < 0) return base::fail(base::Code::kKeydLog, base::system_reason(errno));
    pending.resize(before + static_cast<std::size_t>(got));
    read_bytes += static_cast<std::uint64_t>(got);
    std::size_t begin = 0;
    for (std::size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      TANBA_CHECK(verify_line(std::string_view(pending).substr(begin, end - begin)));
    }
    pending.erase(0, begin);
    if (got == 0) break;
    if (pending.size() > kMaxLineBytes) return base::fail(base::Code::kKeydLog, "a line is too long");
  }
  TANBA_CHECK(check_head());
  if (!pending.empty()) return cut_tail(pending.size(), read_bytes);
  return {};
}

base::Status IntentLog::cut_tail(std::uint64_t length, std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size - length)) != 0 || ::fsync(file_.get()) != 0) {
    return base::fail(base::Code::kKeydLog, base::system_reason(errno));
  }
  events_.write(Level::kWarning, "log.unfinished_line_cut_off",
                {{"file", path_.string()}, {"bytes", length}, {"lines", entries_}});
  return {};
}

base::Status IntentLog::verify_line(std::string_view text) {
  const std::string where = fmt::format("line {}", entries_ + 1);
  const base::Result<json::value> value = base::parse_json(text, {.max_size_bytes = kMaxLineBytes, .max_depth = 8});
  if (!value || !value->is_object() || base::canonical_json(*value) != text) {
    return base::fail(base::Code::kKeydLog, where + " is not canonical JSON");
  }
  const json::object& object = value->get_object();
  const json::value* number = object.if_contains("line");
  if (number == nullptr || !number->is_int64() || number->get_int64() != static_cast<std::int64_t>(entries_ + 1)) {
    return base::fail(base::Code::kKeydLog, where + " has another number");
  }
  const json::value* previous = object.if_contains("previous");
  if (previous == nullptr || !previous->is_string() || previous->get_string() != last_.hex()) {
    return base::fail(base::Code::kKeydLog, where + " does not follow the line before it");
  }
  const Line line{size_, static_cast<std::uint32_t>(text.size()), base::sha256(base::as_bytes(text))};
  if (const base::Status taken = take_line(object, line); !taken) {
    return base::fail(base::Code::kKeydLog, fmt::format("{}: {}", where, taken.error().message()));
  }
  size_ += text.size() + 1;
  ++entries_;
  last_ = line.digest;
  if (head_ && head_->lines == entries_ && head_->last != last_) {
    return base::fail(base::Code::kKeydLog, where + " is another than was written");
  }
  return {};
}

base::Status IntentLog::check_line(const json::object& object) const {
  ObjectReader reader(object);
  TANBA_TRY(const std::string event, reader.text("event"));
  if (entries_ == 0) {
    TANBA_TRY(const std::string type, reader.text("type"));
    if (event != "opened" || type != kLogType) return client::protocol_failure("not a log of this server");
    return {};
  }
  if (event == "sealing") return take_sealing(reader);
  TANBA_TRY(const std::string intent, reader.text("intent"));
  const auto known = intents_.find(intent);
  const bool is_known = known != intents_.end();
  if (is_known && known->second.cancelled) return client::protocol_failure("it was cancelled before");
  const bool is_signed = is_known && known->second.signed_at != 0;
  if (event == "cancelled") return is_signed ? client::protocol_failure("it was signed before") : base::Status();
  if (event == "signing") {
    TANBA_TRY(const std::string request, reader.text("request"));
    TANBA_CHECK(base::digest_from_hex(request));
    return is_known ? client::protocol_failure("an intent begins twice") : base::Status();
  }
  if (event != "signed") return client::protocol_failure("event");
  if (!is_known || is_signed) return client::protocol_failure("signed without an intent");
  TANBA_TRY(const json::object* answer, reader.object("signed"));
  TANBA_CHECK(client::parse_signed(*answer));
  return {};
}

base::Status IntentLog::take_line(const json::object& object, const Line& line) {
  TANBA_CHECK(check_line(object));
  ObjectReader reader(object);
  TANBA_TRY(const std::string event, reader.text("event"));
  if (entries_ == 0 || event == "sealing") return {};
  TANBA_TRY(const std::string intent, reader.text("intent"));
  Record& record = intents_[intent];
  if (event == "cancelled") {
    record.cancelled = true;
  } else if (event == "signing") {
    TANBA_TRY(const std::string request, reader.text("request"));
    TANBA_TRY(record.request, base::digest_from_hex(request));
  } else {
    record.signed_at = line.begin;
    record.signed_length = line.length;
    record.signed_line = line.digest;
  }
  return {};
}

// --- reading and writing
// -----------------------------------------------------------------------------------------------

base::Result<IntentLog::Line> IntentLog::append(json::object object) {
  // A line that the next start could not read would end all signing then.
  if (const base::Status fits = check_line(object); !fits) {
    return base::fail(base::Code::kKeydLog, "a line that could not be read again: " + fits.error().message());
  }
  object["line"] = entries_ + 1;
  object["previous"] = last_.hex();
  object["time"] = base::format_time(clock_.now());
  std::string text = base::canonical_json(object);
  if (text.size() > kMaxLineBytes) return base::fail(base::Code::kKeydLog, "a line would be too long");
  const Line line{size_, static_cast<std::uint32_t>(text.size()), base::sha256(base::as_bytes(text))};
  text += '\n';
  // Before the line: where there is no room for the head, nothing was done yet.
  base::Result<base::DurableFile> head = begin_head({entries_ + 1, line.digest});
  if (!head) {
    events_.write(Level::kError, "log.not_written", head.error(), {{"file", head_path_.string()}});
    return std::unexpected(head.error());
  }
  if (const base::Status written = write_at_end(file_.get(), text); !written) {
    // A full disk: what was written of the line goes, and the next one may fit again.
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0)
      return broken("a line was cut off: " + base::system_reason(errno));
    events_.write(Level::kError, "log.not_written", written.error(), {{"file", path_.string()}});
    return std::unexpected(written.error());
  }
  // After a failed sync nobody knows what is on the disk, and a second sync would not tell: only a new start does.
  if (::fdatasync(file_.get()) != 0) return broken("it cannot be synced: " + base::system_reason(errno));
  if (!head->commit(base::Overwrite::kReplace)) return broken(head_path_.string() + " cannot be written");
  size_ += text.size();
  ++entries_;
  last_ = line.digest;
  return line;
}

base::Result<client::Signed> IntentLog::read_signed(const Record& record) const {
  std::string text(record.signed_length, '\0');
  const ssize_t got = ::pread(file_.get(), text.data(), text.size(), static_cast<off_t>(record.signed_at));
  // Verified at the start or written since: another text means that somebody else writes to the file.
  if (got != static_cast<ssize_t>(text.size()) || base::sha256(base::as_bytes(text)) != record.signed_line) {
    return base::fail(base::Code::kKeydLog, "a line was changed while the server ran");
  }
  TANBA_TRY(const json::value value, base::parse_json(text));
  ObjectReader reader(value.get_object());
  TANBA_TRY(const json::object* answer, reader.object("signed"));
  return client::parse_signed(*answer);
}

base::Result<std::optional<IntentLog::Found>> IntentLog::find(const std::string& intent) {
  const std::scoped_lock lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  const auto known = intents_.find(intent);
  if (known == intents_.end()) return std::nullopt;
  return found(known->second);
}

base::Result<IntentLog::Found> IntentLog::found(const Record& record) {
  Found out{.request = record.request, .answer = std::nullopt};
  if (record.cancelled) out.progress = client::IntentProgress::kCancelled;
  if (record.signed_at == 0) return out;
  base::Result<client::Signed> answer = read_signed(record);
  if (!answer) return broken(answer.error().cause());
  out.progress = client::IntentProgress::kSigned;
  out.answer = *std::move(answer);
  return out;
}

base::Result<IntentLog::Found> IntentLog::cancel(const std::string& intent) {
  const std::scoped_lock lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  const auto known = intents_.find(intent);
  if (known != intents_.end() && (known->second.signed_at != 0 || known->second.cancelled)) return found(known->second);
  TANBA_CHECK(append({{"event", "cancelled"}, {"intent", intent}}));
  Record& record = intents_[intent];
  record.cancelled = true;
  return found(record);
}

base::Status IntentLog::write_signing(const SigningEntry& entry) {
  const std::scoped_lock lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  const client::Intent& intent = entry.intent;
  const auto known = intents_.find(intent.id);
  if (known != intents_.end()) {
    if (known->second.cancelled) return was_cancelled(intent.id);
    if (known->second.request == entry.request) return {};
    return base::fail(base::Code::kKeydIntentConflict, {{"intent", intent.id}});
  }
  TANBA_CHECK(append({{"event", "signing"},
                      {"intent", intent.id},
                      {"request", entry.request.hex()},
                      {"kind", to_string(intent.kind)},
                      {"number", intent.number},
                      {"licensor", intent.licensor},
                      {"key", intent.key},
                      {"digestAlgorithm", pki::to_string(intent.document.algorithm)},
                      {"digest", base::to_hex(intent.document.value)},
                      {"approver", entry.approver.hex()},
                      {"approval", base::to_base64(entry.approval)}}));
  intents_.emplace(intent.id, Record{.request = entry.request});
  return {};
}

base::Status IntentLog::write_sealing(const cms::SealStatement& statement, const std::string& key) {
  const std::scoped_lock lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  TANBA_CHECK(append({{"event", "sealing"},
                      {"kind", to_string(statement.kind)},
                      {"id", statement.id},
                      {"manifest", statement.manifest.hex()},
                      {"sealedAt", base::format_time(statement.sealed_at)},
                      {"key", key}}));
  return {};
}

base::Result<client::Signed> IntentLog::write_signed(const std::string& intent, const client::Signed& answer) {
  const std::scoped_lock lock(mutex_);
  if (damage_) return std::unexpected(*damage_);
  const auto known = intents_.find(intent);
  if (known == intents_.end()) return base::fail(base::Code::kInternal, "signed without an entry before");
  if (known->second.cancelled) return was_cancelled(intent);
  if (known->second.signed_at != 0) return read_signed(known->second);
  TANBA_TRY(const Line line,
            append({{"event", "signed"}, {"intent", intent}, {"signed", client::write_signed(answer)}}));
  known->second.signed_at = line.begin;
  known->second.signed_length = line.length;
  known->second.signed_line = line.digest;
  return answer;
}

}  // namespace tanba::tokens::keyd
