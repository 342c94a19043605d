#include "solver/engine/solv.hpp"

#include <algorithm>
#include <chrono>

#include "solver/engine/problem.hpp"

namespace aimlock::engine {
namespace {

/// The pool of one problem. Solvable i of the problem is libsolv's `first + i`; `always` comes behind them.
struct LoadedPool {
    std::unique_ptr<::Pool, FreeSolv> pool;
    ::Id first = 0;
    ::Id always = 0;  ///< asks for nothing and is installed
    std::vector<::Id> key_ids;
};

::Id string_id(::Pool* pool, const std::string& text) {
    return ::pool_str2id(pool, text.c_str(), 1);
}

void load_solvables(const Problem& problem, LoadedPool& loaded) {
    ::Pool* pool = loaded.pool.get();
    ::Repo* repo = ::repo_create(pool, "joint");
    std::vector<::Id> name_ids;
    name_ids.reserve(problem.names.size());
    for (const std::string& name : problem.names) name_ids.push_back(string_id(pool, name));
    loaded.key_ids.reserve(problem.keys.size());
    for (std::size_t k = 0; k < problem.keys.size(); ++k) {
        loaded.key_ids.push_back(string_id(pool, "#" + std::to_string(k)));
    }
    loaded.first = ::repo_add_solvable_block(repo, static_cast<int>(problem.solvables.size()) + 1);
    loaded.always = loaded.first + static_cast<::Id>(problem.solvables.size());
    ::Solvable* always = ::pool_id2solvable(pool, loaded.always);
    always->name = always->evr = string_id(pool, "always");
    always->arch = ARCH_NOARCH;
    always->dep_provides = ::repo_addid_dep(repo, always->dep_provides, always->name, 0);
    for (std::size_t i = 0; i < problem.solvables.size(); ++i) {
        const Problem::Solvable& from = problem.solvables[i];
        ::Solvable* to = ::pool_id2solvable(pool, loaded.first + static_cast<::Id>(i));
        to->name = name_ids[from.name];
        to->evr = string_id(pool, std::to_string(from.rank));
        to->arch = ARCH_NOARCH;
        // Without its own name among the provides, libsolv installs two versions of it and name jobs find
        // nothing.
        to->dep_provides = ::repo_addid_dep(repo, to->dep_provides, to->name, 0);
        for (const KeyId key : from.requirements) {
            to->dep_requires = ::repo_addid(repo, to->dep_requires, loaded.key_ids[key]);
        }
        for (const KeyId key : from.conflicts) {
            to->dep_conflicts = ::repo_addid(repo, to->dep_conflicts, loaded.key_ids[key]);
        }
    }
}

void load_keys(const Problem& problem, LoadedPool& loaded) {
    ::Pool* pool = loaded.pool.get();
    ::pool_createwhatprovides(pool);
    SolvQueue providers;
    for (std::size_t k = 0; k < problem.keys.size(); ++k) {
        providers.clear();
        for (const SolvableId id : problem.keys[k]) providers.push(loaded.first + static_cast<::Id>(id));
        ::pool_set_whatprovides(pool, loaded.key_ids[k], ::pool_queuetowhatprovides(pool, providers.raw()));
    }
}

// All that the jobs can reach, what is asked for before what asks for it where that is possible.
std::vector<SolvableId> bottom_up(const Problem& problem) {
    struct Visit {
        SolvableId id;
        std::size_t next = 0;  // of its requirements
    };
    std::vector<SolvableId> order;
    std::vector<bool> seen_key(problem.keys.size(), false);
    std::vector<bool> seen(problem.solvables.size(), false);
    std::vector<Visit> path;
    const auto enter = [&](KeyId key) {
        if (seen_key[key]) return;
        seen_key[key] = true;
        for (const SolvableId id : problem.keys[key]) {
            if (seen[id]) continue;
            seen[id] = true;
            path.push_back({id});
        }
    };
    for (const KeyId job : problem.jobs) {
        enter(job);
        while (!path.empty()) {
            const Visit visit = path.back();
            if (visit.next < problem.solvables[visit.id].requirements.size()) {
                ++path.back().next;
                enter(problem.solvables[visit.id].requirements[visit.next]);
            } else {
                order.push_back(visit.id);
                path.pop_back();
            }
        }
    }
    return order;
}

// libsolv makes a solvable's rules and those of all that it can reach before it comes to the next job, and
// the queue of what it has still to look at is copied for every eighth solvable that joins it: the square of
// what can be reached. So the first job names everything, bottom up, and the queue stays short. The job is
// met before anything is decided, and libsolv sorts the rules: nothing else changes.
void push_reachable(const Problem& problem, LoadedPool& loaded, SolvQueue& jobs) {
    SolvQueue one_of;
    one_of.push(loaded.always);
    for (const SolvableId id : bottom_up(problem)) one_of.push(loaded.first + static_cast<::Id>(id));
    jobs.push(SOLVER_INSTALL | SOLVER_SOLVABLE);
    jobs.push(loaded.always);
    jobs.push(SOLVER_INSTALL | SOLVER_SOLVABLE_ONE_OF);
    jobs.push(::pool_queuetowhatprovides(loaded.pool.get(), one_of.raw()));
}

}  // namespace

std::optional<std::vector<SolvableId>> solve_problem(const Problem& problem, double& spent_ms) {
    const auto start = std::chrono::steady_clock::now();
    LoadedPool loaded{std::unique_ptr<::Pool, FreeSolv>(::pool_create()), 0, 0, {}};
    load_solvables(problem, loaded);
    load_keys(problem, loaded);

    SolvQueue jobs;
    push_reachable(problem, loaded, jobs);
    for (const KeyId key : problem.jobs) {
        jobs.push(SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES);
        jobs.push(loaded.key_ids[key]);
    }
    // Of weak jobs that cannot be met together libsolv lets go the last.
    for (const KeyId key : problem.wishes) {
        jobs.push(SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES | SOLVER_WEAK);
        jobs.push(loaded.key_ids[key]);
    }
    const std::unique_ptr<::Solver, FreeSolv> solver(::solver_create(loaded.pool.get()));
    ::solver_set_flag(solver.get(), SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
    const int problems = ::solver_solve(solver.get(), jobs.raw());

    std::optional<std::vector<SolvableId>> installed;
    if (problems == 0) {
        SolvQueue decisions;
        ::solver_get_decisionqueue(solver.get(), decisions.raw());
        installed.emplace();
        for (int i = 0; i < decisions.size(); ++i) {
            if (decisions[i] >= loaded.first && decisions[i] != loaded.always)
                installed->push_back(static_cast<SolvableId>(decisions[i] - loaded.first));
        }
        std::ranges::sort(*installed);
    }
    spent_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return installed;
}

}  // namespace aimlock::engine
