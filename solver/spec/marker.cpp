#include "solver/spec/marker.hpp"

#include <algorithm>
#include <utility>

#include "solver/spec/marker_node.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

using Node = Marker::Node;
using Operand = Node::Operand;

/// What the values of one evaluation are.
struct Values {
    const MarkerEnvironment& environment;
    const MarkerContext& context;
};

tl::unexpected<Error> no_meaning(std::string message) {
    return fail(ErrorCode::syntax, std::move(message));
}

bool compares_versions(MarkerVariable variable) {
    return variable == MarkerVariable::implementation_version ||
           variable == MarkerVariable::platform_release || variable == MarkerVariable::python_full_version ||
           variable == MarkerVariable::python_version;
}

const std::optional<std::set<std::string>>* set_of(MarkerVariable variable, const Values& values) {
    if (variable == MarkerVariable::extras) return &values.context.extras;
    if (variable == MarkerVariable::dependency_groups) return &values.context.dependency_groups;
    return nullptr;
}

std::string value_of(MarkerVariable variable, const Values& values) {
    const MarkerEnvironment& environment = values.environment;
    switch (variable) {
        case MarkerVariable::implementation_name:
            return environment.implementation_name;
        case MarkerVariable::implementation_version:
            return environment.implementation_version;
        case MarkerVariable::os_name:
            return environment.os_name;
        case MarkerVariable::platform_machine:
            return environment.platform_machine;
        case MarkerVariable::platform_release:
            return environment.platform_release;
        case MarkerVariable::platform_system:
            return environment.platform_system;
        case MarkerVariable::platform_version:
            return environment.platform_version;
        case MarkerVariable::platform_python_implementation:
            return environment.platform_python_implementation;
        case MarkerVariable::python_version:
            return environment.python_version;
        case MarkerVariable::sys_platform:
            return environment.sys_platform;
        case MarkerVariable::python_full_version:  // a build from a checkout is "3.11.1+", which is no
                                                   // version
            return environment.python_full_version +
                   (environment.python_full_version.ends_with('+') ? "local" : "");
        case MarkerVariable::extra:
            return normalize_pypi_name(values.context.extra.value_or(""));
        case MarkerVariable::extras:
        case MarkerVariable::dependency_groups:
        case MarkerVariable::none:
            break;
    }
    return {};
}

/// Texts know equality and containment only; an order of them has no meaning.
Result<bool> compare_texts(const std::string& left, const std::string& op, const std::string& right) {
    if (op == "in") return right.find(left) != std::string::npos;
    if (op == "not in") return right.find(left) == std::string::npos;
    if (op == "==" || op == "<=" || op == ">=") return left == right;
    if (op == "!=") return left != right;
    if (op == "<" || op == ">") return false;
    return no_meaning("`" + op + "` does not compare `" + left + "` and `" + right +
                      "`, which are no versions");
}

Result<bool> compare_with_set(const std::string& left,
                              const std::string& op,
                              const std::set<std::string>& set) {
    const auto is_left = [&](const std::string& name) { return normalize_pypi_name(name) == left; };
    const bool within = std::ranges::any_of(set, is_left);
    if (op == "in") return within;
    if (op == "not in" || op == "!=") return op == "!=" || !within;
    if (op == "~=" || op == "===") return no_meaning("`" + op + "` does not compare with a set");
    return false;
}

Result<bool> compare(const Node& node, const Values& values) {
    const bool variable_left = node.left.variable != MarkerVariable::none;
    const MarkerVariable key = variable_left ? node.left.variable : node.right.variable;
    if (const auto* set = set_of(key, values)) {
        if (!*set)
            return no_meaning("`" + std::string(marker_variable_name(key)) + "` is known in lock files only");
        if (variable_left) return no_meaning("a set can only stand to the right of `in`");
        return compare_with_set(normalize_pypi_name(node.left.text), node.op, **set);
    }
    if (key == MarkerVariable::extra && !values.context.extra)
        return no_meaning("`extra` is known in core metadata only");
    // A second variable on the right is compared by its name, as the reference implementation does.
    const std::string left = variable_left ? value_of(key, values) : node.left.text;
    const std::string right =
        variable_left || key == MarkerVariable::none ? node.right.text : value_of(key, values);
    if (!compares_versions(key)) return compare_texts(left, node.op, right);
    if (variable_left && node.bound) return node.bound->contains(left, true);
    if (!variable_left) {
        if (const auto bound = Pep440Specifier::parse(node.op + right))
            return SpecifierSet({*bound}).contains(left, true);
    }
    return compare_texts(left, node.op, right);
}

/// `or` binds less than `and`: a list holds when one of its runs between `or`s holds.
Result<bool> holds(const Node& node, const Values& values) {
    if (node.items.empty()) return compare(node, values);
    bool run_holds = true;
    bool any_holds = false;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (node.items[i].after_or) {
            any_holds = any_holds || run_holds;
            run_holds = true;
        }
        const Result<bool> item = holds(node.items[i], values);
        if (!item) return item;
        run_holds = run_holds && *item;
    }
    return any_holds || run_holds;
}

std::string text_of(const Operand& operand) {
    if (operand.variable != MarkerVariable::none) return operand.text;
    const char quote = operand.text.find('"') == std::string::npos ? '"' : '\'';
    std::string text(1, quote);
    for (const char c : operand.text) {
        if (c == '\\' || c == quote) text += '\\';
        text += c;
    }
    return text + quote;
}

std::string text_of(const Node& node, bool outermost) {
    if (node.items.empty()) return text_of(node.left) + " " + node.op + " " + text_of(node.right);
    if (node.items.size() == 1) return text_of(node.items.front(), outermost);
    std::string joined;
    for (const Node& item : node.items) {
        if (!joined.empty()) joined += item.after_or ? " or " : " and ";
        joined += text_of(item, false);
    }
    return outermost ? joined : "(" + joined + ")";
}

bool mentions(const Node& node, MarkerVariable variable) {
    if (node.items.empty()) return node.left.variable == variable || node.right.variable == variable;
    return std::ranges::any_of(node.items, [&](const Node& item) { return mentions(item, variable); });
}

}  // namespace

Result<Marker> Marker::parse(std::string_view text, SourcePos at) {
    auto node = read_marker(text, std::move(at));
    if (!node) return tl::make_unexpected(std::move(node.error()));
    Marker marker;
    marker.root_ = std::make_shared<const Node>(*std::move(node));
    return marker;
}

bool Marker::evaluate(const MarkerEnvironment& environment, std::string_view extra) const {
    return evaluate_in(environment, MarkerContext{std::string(extra)}).value_or(false);
}

Result<bool> Marker::evaluate_in(const MarkerEnvironment& environment, const MarkerContext& context) const {
    return !root_ ? true : holds(*root_, Values{environment, context});
}

bool Marker::mentions_extra() const {
    return root_ && mentions(*root_, MarkerVariable::extra);
}

std::string Marker::text() const {
    return root_ ? text_of(*root_, true) : std::string();
}

}  // namespace aimlock
