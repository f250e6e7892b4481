// An officer's approval: a CMS over exactly the text of the intent, by a key on the key server's own list.
//
// What is not checked here: the officer's certificate beyond its key (path, validity, revocation). The list names keys;
// taking an officer off it is the way to withdraw the right. The daemon checks the certificate before it asks.
#pragma once

#include <span>

#include "base/clock.h"
#include "pki/context.h"
#include "tokens/client/intent.h"
#include "tokens/keyd/config.h"

namespace tanba::tokens::keyd {

struct Approval {  // made by check_approval only
  base::Digest approver;
  std::string approver_name;  // as the certificate says: for the log, proves nothing
};

// The text is built here from the intent. Attached or detached.
// keyd.approval: no CMS, not exactly one signer, broken, over anything else, an algorithm that kz-submission refuses;
// keyd.approver: the signer's key is not on the list, not for this licensor or kind, or the certificate names another
// person.
[[nodiscard]] base::Result<Approval> check_approval(pki::Context& context, const client::Intent& intent,
                                                    base::ByteView cms, std::span<const ApproverConfig> approvers,
                                                    base::Time now);

}  // namespace tanba::tokens::keyd
