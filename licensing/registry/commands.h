// What each command does inside the writer's transaction; inside the registry only. Every function may run again on
// the same command (a batch is tried again), so commands come as const.
#pragma once

#include "licensing/registry/accounts.h"
#include "licensing/registry/capsules.h"
#include "licensing/registry/revocation.h"
#include "licensing/registry/transaction.h"

namespace tanba::licensing::registry {

using EvidenceRefs = std::vector<Transaction::EvidenceRef>;

// Commands whose octets are in the document store by now.
struct StoredRegistration {
  RegisterApplication command;  // document, attachments, report and evidence octets are emptied
  StoredFile document;
  StoredFile report;
  std::vector<StoredFile> attachments;  // in the order of the fields
  EvidenceRefs evidence;
};
struct StoredPreparation {
  PrepareIntent command;
  StoredFile prepared;
};
struct StoredApproval {
  ApproveIntent command;  // approval, report and evidence octets are emptied
  StoredFile approval;
  StoredFile report;
  EvidenceRefs evidence;
};
struct StoredCommit {
  CommitIntent command;
  StoredFile document;
  StoredFile report;
  EvidenceRefs evidence;
};
struct StoredVoid {
  VoidIntent command;
  StoredFile document;
  StoredFile report;
};
struct StoredOnCapsule {
  PutOnCapsule command;
  StoredFile file;
};
struct StoredTrust {
  PutTrustVersion command;
  StoredFile snapshot;
};

[[nodiscard]] base::Result<Registered> apply(Transaction& transaction, const StoredRegistration& stored);
[[nodiscard]] base::Result<ApplicationState> apply(Transaction& transaction, const TakeIntoReview& command);
[[nodiscard]] base::Result<RegisterNumber> apply(Transaction& transaction, const ReserveNumber& command);
[[nodiscard]] base::Result<Intent> apply(Transaction& transaction, const StoredPreparation& stored);
[[nodiscard]] base::Result<Intent> apply(Transaction& transaction, const StoredApproval& stored);
[[nodiscard]] base::Result<Intent> apply(Transaction& transaction, const ReturnIntent& command);
[[nodiscard]] base::Result<Intent> apply(Transaction& transaction, const MarkSigning& command);
[[nodiscard]] base::Result<Decided> apply(Transaction& transaction, const StoredCommit& stored);
[[nodiscard]] base::Result<Intent> apply(Transaction& transaction, const AbandonIntent& command);
[[nodiscard]] base::Result<Intent> apply(Transaction& transaction, const StoredVoid& stored);
[[nodiscard]] base::Result<LicenceState> apply(Transaction& transaction, const ChangeLicence& command);
[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const PutPortal& command);
[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const PutPortalKey& command);
[[nodiscard]] base::Result<Staff> apply(Transaction& transaction, const PutStaff& command);
[[nodiscard]] base::Result<TrustVersion> apply(Transaction& transaction, const StoredTrust& stored);
[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const StoredOnCapsule& stored);
[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const PlaceHold& command);
[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const LiftHold& command);

[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const RecordAlert& command);
[[nodiscard]] base::Result<AlertRow> apply(Transaction& transaction, const DecideAlert& command);
[[nodiscard]] base::Result<Nothing> apply(Transaction& transaction, const NoteRevocationAct& command);

// `owner`: the number of the application or decision that they signed; of the same application.
[[nodiscard]] base::Status note_signers(Transaction& transaction, std::string_view owner, std::string_view application,
                                        const std::vector<SignerCertificate>& signers);

}  // namespace tanba::licensing::registry
