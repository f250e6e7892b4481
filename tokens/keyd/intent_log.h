// The key server's own log: what was asked to be signed, by whose approval, and what was signed.
//
// A file of lines, each canonical JSON with its number and the SHA-256 of the line before it. An intent has two lines:
// "signing" is on the disk before the key is used, "signed", with the signature value, before anybody hears of it. So
// after a crash at any moment one of two things holds: the signature never left and may be made (again), or it stands
// here and is given out again. Instead of "signed" an intent may have a line "cancelled", with or without "signing"
// before it: a signature that is made meanwhile does not leave, and none is made after it. A capsule's seal has one
// line, "sealing", on the disk before the key is used: a seal may be made again, so its value is not kept.
//
// Lines missing at the end leave no trace in the file itself. So a file beside it, <log>-head, says which line was the
// last, as {"hash":"<hex>","sequence":12}: it is on the disk before anybody hears of what the line says. A crash in
// between leaves the log one line ahead of its head, which is as good: nobody was told of that line yet. Whoever puts a
// log back from a backup on purpose removes the file.
//
// At the start the whole chain is verified, and that it holds the head's line and at most one more. Octets after the
// last line break are a line whose writing was cut off: they are dropped, and that is reported. Anything else that does
// not fit means damage: every call is keyd.log from then on, so nothing is signed.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/file.h"
#include "base/large_file.h"
#include "cms/capsule_seal.h"
#include "tokens/client/protocol.h"
#include "tokens/keyd/event_log.h"

namespace tanba::tokens::keyd {

// What is written about an intent before it is signed.
struct SigningEntry {
  client::Intent intent;
  base::Digest request;   // of everything that determines the signature: a repeat must have the same
  base::Digest approver;  // the officer's key
  base::Bytes approval;   // CMS
};

class IntentLog {
 public:
  // Always an object: what is wrong with the file is health().
  [[nodiscard]] static std::unique_ptr<IntentLog> open(const std::filesystem::path& path, const base::Clock& clock,
                                                       EventLog& events);

  [[nodiscard]] base::Status health() const;
  [[nodiscard]] std::uint64_t entries() const;

  struct Found {
    client::IntentProgress progress = client::IntentProgress::kSigning;  // never kUnknown
    base::Digest request;                                                // of nothing when cancelled before any
    std::optional<client::Signed> answer;
  };
  // Nothing when the intent is not known.
  [[nodiscard]] base::Result<std::optional<Found>> find(const std::string& intent);
  // From here on the intent is not signed: durable when it returns. When it was signed before, the signature comes back
  // and the intent stays signed. One lock orders this with both entries about signing.
  [[nodiscard]] base::Result<Found> cancel(const std::string& intent);
  // Durable when it returns; nothing to do when it was written before. keyd.intent_conflict when the intent stands for
  // another request; intent.state when it was cancelled.
  [[nodiscard]] base::Status write_signing(const SigningEntry& entry);
  [[nodiscard]] base::Status write_sealing(const cms::SealStatement& statement, const std::string& key);
  // Durable when it returns. The first answer stays: when there is one already (two at once), that one comes back.
  // intent.state when it was cancelled meanwhile: the signature is then nobody's.
  [[nodiscard]] base::Result<client::Signed> write_signed(const std::string& intent, const client::Signed& answer);

 private:
  struct Record {
    base::Digest request;
    bool cancelled = false;
    std::uint64_t signed_at = 0;      // where its "signed" line begins; 0 (the first line's place): none
    std::uint32_t signed_length = 0;  // without the line break
    base::Digest signed_line;
  };
  struct Line;
  struct Head {
    std::uint64_t lines = 0;
    base::Digest last;
  };

  IntentLog(std::filesystem::path path, const base::Clock& clock, EventLog& events);
  [[nodiscard]] base::Status open_all();
  [[nodiscard]] base::Status open_file();
  void remove_leftovers() const;
  [[nodiscard]] base::Status read_head();
  // Whether the log holds all that its head tells of, and no more than a crash leaves beyond it.
  [[nodiscard]] base::Status check_head() const;
  [[nodiscard]] base::Status catch_up_head();
  [[nodiscard]] base::Result<base::DurableFile> begin_head(const Head& head) const;
  [[nodiscard]] base::Status verify_all();
  [[nodiscard]] base::Status verify_line(std::string_view line);
  // Whether a line may stand next; the same for what is read and for what is about to be written.
  [[nodiscard]] base::Status check_line(const boost::json::object& object) const;
  [[nodiscard]] base::Status take_line(const boost::json::object& object, const Line& line);
  [[nodiscard]] base::Status begin_file();
  [[nodiscard]] base::Status cut_tail(std::uint64_t length, std::uint64_t size);
  // Writes and syncs one line, then the head; where the line lies comes back.
  [[nodiscard]] base::Result<Line> append(boost::json::object object);
  [[nodiscard]] base::Result<client::Signed> read_signed(const Record& record) const;
  [[nodiscard]] base::Result<Found> found(const Record& record);
  [[nodiscard]] std::unexpected<base::Error> broken(std::string cause);

  const std::filesystem::path path_;
  const std::filesystem::path head_path_;
  const base::Clock& clock_;
  EventLog& events_;
  mutable std::mutex mutex_;
  base::FileDescriptor file_;
  std::optional<Head> head_;  // as it was at the start
  std::optional<base::Error> damage_;
  std::uint64_t size_ = 0;     // octets that are good
  std::uint64_t entries_ = 0;  // lines
  base::Digest last_;          // of the last line
  std::unordered_map<std::string, Record> intents_;
};

}  // namespace tanba::tokens::keyd
