#include "xmldsig/xml/xpath.h"

#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "xmldsig/xml/libxml.h"

namespace tanba::xmldsig::xml {
namespace {

using base::Code;

using XPathContextPtr = std::unique_ptr<xmlXPathContext, XmlDeleter<xmlXPathFreeContext>>;
using XPathExpressionPtr = std::unique_ptr<xmlXPathCompExpr, XmlDeleter<xmlXPathFreeCompExpr>>;
using XPathObjectPtr = std::unique_ptr<xmlXPathObject, XmlDeleter<xmlXPathFreeObject>>;

// A namespace node of the data model: libxml2 makes a copy for each element that it is in scope of, with that element
// in `next`.
[[nodiscard]] std::pair<const xmlNode*, std::string> name_of(const xmlNs* ns) {
  return {reinterpret_cast<const xmlNode*>(ns->next), std::string(view(ns->prefix))};
}

// xmldsig-core1 6.6.3.3: "The here function returns a node-set containing the attribute or processing instruction node
// or the parent element of the text node that directly bears the XPath expression." That is the XPath element.
void here(xmlXPathParserContextPtr parser, int arguments) {
  if (arguments != 0) {
    xmlXPathErr(parser, XPATH_INVALID_ARITY);
    return;
  }
  valuePush(parser, xmlXPathNewNodeSet(static_cast<xmlNode*>(parser->context->userData)));
}

class Evaluator {
 public:
  [[nodiscard]] static base::Result<Evaluator> start(const Document& document) {
    Evaluator evaluator;
    evaluator.context_.reset(xmlXPathNewContext(document.handle()));
    if (evaluator.context_ == nullptr) return base::fail(Code::kInternal, "xmlXPathNewContext");
    evaluator.context_->opLimit = kMaxXPathSteps;
    if (xmlXPathRegisterFunc(evaluator.context_.get(), as_xml("here"), here) != 0)
      return base::fail(Code::kInternal, "xmlXPathRegisterFunc");
    return evaluator;
  }

  // xmldsig-core1 6.6.3.2: "The set of namespace declarations in scope for the expression" are those of its element.
  [[nodiscard]] base::Status bind(Element expression) {
    xmlXPathRegisteredNsCleanup(context_.get());
    auto* element = const_cast<xmlNode*>(expression.node());
    context_->userData = element;
    const std::unique_ptr<xmlNs*, XmlDeleter<free_list>> namespaces(xmlGetNsList(element->doc, element));
    for (xmlNs** ns = namespaces.get(); ns != nullptr && *ns != nullptr; ++ns) {
      // XPath 1.0 2.3: a name without a prefix is in no namespace, whatever the default one is.
      if ((*ns)->prefix == nullptr) continue;
      if (xmlXPathRegisterNs(context_.get(), (*ns)->prefix, (*ns)->href) != 0)
        return base::fail(Code::kInternal, "xmlXPathRegisterNs");
    }
    return {};
  }

  [[nodiscard]] base::Result<XPathExpressionPtr> compile(const std::string& text) {
    XPathExpressionPtr compiled(xmlXPathCtxtCompile(context_.get(), as_xml(text.c_str())));
    if (compiled == nullptr) return failure();
    return compiled;
  }

  [[nodiscard]] base::Result<XPathObjectPtr> evaluate(xmlXPathCompExpr* compiled, xmlNode* at) {
    context_->node = at;
    XPathObjectPtr value(xmlXPathCompiledEval(compiled, context_.get()));
    if (value == nullptr) return failure();
    return value;
  }

  [[nodiscard]] base::Result<bool> holds(xmlXPathCompExpr* compiled, xmlNode* at) {
    context_->node = at;
    const int value = xmlXPathCompiledEvalToBoolean(compiled, context_.get());
    if (value < 0) return failure();
    return value == 1;
  }

 private:
  static void free_list(xmlNs** list) { xmlFree(list); }  // the namespaces stay the document's

  [[nodiscard]] std::unexpected<base::Error> failure() const {
    if (context_->opCount >= kMaxXPathSteps) {
      return base::fail(Code::kLimitCost, {{"what", "XPath"}});
    }
    return base::fail(Code::kXmlMalformed, {{"what", "the XPath expression: " + describe(context_->lastError)}});
  }

  XPathContextPtr context_;
};

[[nodiscard]] base::Result<std::string> text_of(Element expression) {
  TANBA_TRY(std::string text, expression.text());
  // An expression of more than this says nothing that a person could check; libxml2 compiles recursively.
  constexpr std::size_t kMaxExpressionBytes = 4096;
  if (text.size() > kMaxExpressionBytes) return base::fail(Code::kLimitCost, {{"what", "XPath"}});
  return text;
}

}  // namespace

struct NodeSet::State {
  std::unordered_set<const xmlNode*> nodes;
  std::set<std::pair<const xmlNode*, std::string>> namespaces;

  void insert(const xmlNode* node) {
    if (node->type == XML_NAMESPACE_DECL) {
      namespaces.insert(name_of(reinterpret_cast<const xmlNs*>(node)));
    } else if (node->type != XML_COMMENT_NODE) {
      nodes.insert(node);
    }
  }
};

bool NodeSet::has(const xmlNode* node, const xmlNode* parent) const {
  if (node->type == XML_NAMESPACE_DECL) {
    return state_->namespaces.contains({parent, std::string(view(reinterpret_cast<const xmlNs*>(node)->prefix))});
  }
  return state_->nodes.contains(node);
}

namespace {

// All nodes, or those of the subtrees of a set: the document's root, elements, text, instructions, attributes,
// namespaces.
class NodeLister {
 public:
  explicit NodeLister(Evaluator& evaluator) : evaluator_(evaluator) {}

  [[nodiscard]] base::Result<XPathObjectPtr> below(xmlNode* top) {
    if (compiled_ == nullptr) {
      TANBA_TRY(compiled_, evaluator_.compile("descendant-or-self::node() | descendant-or-self::node()/@* | "
                                              "descendant-or-self::node()/namespace::*"));
    }
    TANBA_TRY(XPathObjectPtr listed, evaluator_.evaluate(compiled_.get(), top));
    if (listed->nodesetval == nullptr) return base::fail(Code::kInternal, "no list of nodes");
    if (static_cast<std::size_t>(listed->nodesetval->nodeNr) > kMaxXPathNodes) {
      return base::fail(Code::kLimitCount, {{"limit", std::to_string(kMaxXPathNodes)}, {"what", "nodes for XPath"}});
    }
    return listed;
  }

 private:
  Evaluator& evaluator_;
  XPathExpressionPtr compiled_;
};

[[nodiscard]] xmlNode* root_of(const Document& document) {
  return reinterpret_cast<xmlNode*>(document.handle());
}

[[nodiscard]] std::span<xmlNode* const> nodes_of(const XPathObjectPtr& object) {
  if (object->nodesetval == nullptr || object->nodesetval->nodeNr <= 0) return {};
  return {object->nodesetval->nodeTab, static_cast<std::size_t>(object->nodesetval->nodeNr)};
}

[[nodiscard]] bool is_subtree(const xmlNode* node) {
  return node->type != XML_NAMESPACE_DECL && node->type != XML_ATTRIBUTE_NODE;
}

// xmldsig-filter2 3.4: the nodes of the set and all that are in the subtrees under them.
[[nodiscard]] base::Result<NodeSet::State> subtrees_of(const XPathObjectPtr& roots, NodeLister& lister) {
  NodeSet::State found;
  for (xmlNode* root : nodes_of(roots)) {
    if (found.nodes.contains(root)) continue;  // inside a subtree that is taken already, or the same again
    if (!is_subtree(root)) {
      found.insert(root);
      continue;
    }
    TANBA_TRY(const XPathObjectPtr inside, lister.below(root));
    for (const xmlNode* node : nodes_of(inside)) found.insert(node);
  }
  return found;
}

void apply(SetOperation operation, const NodeSet::State& operand, NodeSet::State& set) {
  switch (operation) {
    case SetOperation::kIntersect:
      std::erase_if(set.nodes, [&](const xmlNode* node) { return !operand.nodes.contains(node); });
      std::erase_if(set.namespaces, [&](const auto& name) { return !operand.namespaces.contains(name); });
      return;
    case SetOperation::kSubtract:
      std::erase_if(set.nodes, [&](const xmlNode* node) { return operand.nodes.contains(node); });
      std::erase_if(set.namespaces, [&](const auto& name) { return operand.namespaces.contains(name); });
      return;
    case SetOperation::kUnion:
      set.nodes.insert(operand.nodes.begin(), operand.nodes.end());
      set.namespaces.insert(operand.namespaces.begin(), operand.namespaces.end());
      return;
  }
}

}  // namespace

base::Result<NodeSet> filter_nodes(const Document& document, Element expression) {
  const ErrorCatcher errors(1);
  TANBA_TRY(const std::string text, text_of(expression));
  TANBA_TRY(Evaluator evaluator, Evaluator::start(document));
  NodeLister lister(evaluator);
  TANBA_TRY(const XPathObjectPtr all, lister.below(root_of(document)));
  TANBA_CHECK(evaluator.bind(expression));
  TANBA_TRY(const XPathExpressionPtr compiled, evaluator.compile(text));
  auto state = std::make_shared<NodeSet::State>();
  for (xmlNode* node : nodes_of(all)) {
    TANBA_TRY(const bool holds, evaluator.holds(compiled.get(), node));
    if (holds) state->insert(node);
  }
  return NodeSet(std::move(state));
}

base::Result<NodeSet> filter_subtrees(const Document& document, std::span<const SubtreeFilter> filters) {
  const ErrorCatcher errors(1);
  TANBA_TRY(Evaluator evaluator, Evaluator::start(document));
  NodeLister lister(evaluator);
  auto state = std::make_shared<NodeSet::State>();
  TANBA_TRY(const XPathObjectPtr all, lister.below(root_of(document)));
  for (const xmlNode* node : nodes_of(all)) state->insert(node);
  for (const SubtreeFilter& filter : filters) {
    TANBA_TRY(const std::string text, text_of(filter.expression));
    TANBA_CHECK(evaluator.bind(filter.expression));
    TANBA_TRY(const XPathExpressionPtr compiled, evaluator.compile(text));
    TANBA_TRY(const XPathObjectPtr roots, evaluator.evaluate(compiled.get(), root_of(document)));
    if (roots->type != XPATH_NODESET) {
      return base::fail(Code::kXmlMalformed, {{"what", "the XPath expression does not select nodes"}});
    }
    TANBA_TRY(const NodeSet::State selected, subtrees_of(roots, lister));
    apply(filter.operation, selected, *state);
  }
  return NodeSet(std::move(state));
}

}  // namespace tanba::xmldsig::xml
