// The way through the course: how far it is, in the sidebar.
'use strict';

window.workbookWay = ({ element, all }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        course: 'Your course',
        courseCount: (passed, total) => `${passed} of ${total} passed`,
        courseLeft: minutes => (minutes > 0 ? `about ${minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`} of exercises left` : 'nothing left to do'),
        lessonCount: (passed, total) => `${passed} of ${total} exercises passed`,
    };

    // The exercises of a lesson stand on its chapter and on further pages; each is counted where it stands.
    function showPages({ id, passed, exercises }) {
        for (const page of new Set(exercises.map(exercise => exercise.page))) {
            const here = exercises.filter(exercise => exercise.page === page);
            showPage(page, page === id ? passed : here.every(exercise => exercise.state === 'passed'), here);
        }
    }

    function showPage(page, passed, exercises) {
        const link = all('#sidebar .chapter a').find(each => each.pathname.endsWith(`/${page}.html`));
        if (!link) {
            return;
        }
        let count = link.querySelector('.wb-count');
        if (!count) {
            count = element('span', { className: 'wb-count' });
            link.append(count);
        }
        const done = exercises.filter(exercise => exercise.state === 'passed').length;
        count.dataset.passed = String(passed);
        count.replaceChildren(
            element('span', { 'aria-hidden': 'true' }, passed ? `✓ ${done}/${exercises.length}` : `${done}/${exercises.length}`),
            element('span', { className: 'visually-hidden' }, ` (${words.lessonCount(done, exercises.length)})`),
        );
    }

    function showCourse({ passed, total, minutes_left: minutes }) {
        const place = document.getElementById('wb-course');
        if (!place || !total) {
            return;
        }
        if (place.hidden) {
            place.hidden = false;
            place.append(
                element('p', { className: 'wb-course-title', id: 'wb-course-title' }, words.course),
                element('progress', { 'aria-labelledby': 'wb-course-title' }),
                element('p', { className: 'wb-course-text' }),
            );
        }
        const bar = place.querySelector('progress');
        bar.max = total;
        bar.value = passed;
        place.querySelector('.wb-course-text').textContent = `${words.courseCount(passed, total)}, ${words.courseLeft(minutes)}`;
    }

    function show({ course, lessons }) {
        lessons.forEach(showPages);
        showCourse(course);
    }

    return { show };
};
